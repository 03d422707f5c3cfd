"""What the tests' provider says of somebody beside their subject."""

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    """The toolkit's own, and what county providers add."""

    oidc_claim_scope = {**OAuth2Validator.oidc_claim_scope, "amr": "openid"}  # noqa: RUF012  (the toolkit's attribute)

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """Name, mail address, and by which factors they were recognised."""
        user = request.user
        several = user.groups.filter(name="mfa").exists()
        return {
            "preferred_username": user.username,
            "email": user.email,
            "email_verified": True,
            "amr": ["pwd", "otp", "mfa"] if several else ["pwd"],
        }

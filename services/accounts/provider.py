"""The provider of OpenID Connect, asked over https: where its ends are, its keys, and who a code is for.

What it says of itself (discovery) and its keys are remembered for some minutes, and the keys asked for again at once
where a token names one that is not known, but not more than every few seconds. Nothing here holds a database
connection, follows a redirection, or logs what a token says.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote_plus

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from joserfc.jwk import Key
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from services.accounts.domain import problems
from services.accounts.domain.federation import KeyUnknown, Question, Vouched, read_id_token, read_keys
from services.accounts.settings import AccountsSettings, protected

logger = structlog.get_logger(__name__)

DISCOVERY = "/.well-known/openid-configuration"
SCOPE = "openid profile email"
BASIC, POST = "client_secret_basic", "client_secret_post"
REMEMBERED_SECONDS = 600.0
AGAIN_SECONDS = 5.0
ANSWER_SECONDS = 5.0
ANSWER_BYTES = 256 * 1024
ERROR = re.compile(r"[a-z_]{1,40}")

Address = Annotated[str, AfterValidator(protected)]


class Metadata(BaseModel):
    """What a provider says of itself (OpenID Connect Discovery 1.0), as far as it is needed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: Address
    token_endpoint: Address
    jwks_uri: Address
    token_endpoint_auth_methods_supported: tuple[str, ...] = (BASIC,)
    authorization_response_iss_parameter_supported: bool = False


class Provider:
    """One provider, as the settings name it."""

    def __init__(self, settings: AccountsSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._metadata: Metadata | None = None
        self._metadata_at = float("-inf")
        self._keys: list[Key] = []
        self._keys_at = float("-inf")
        self._asking = asyncio.Lock()

    async def address(self, question: Question) -> str:
        """Where to send a browser with a question. Raises OidcUnavailable."""
        chosen, metadata = self._settings, await self._discovered()
        trusts = chosen.oidc_second_factor == "trusted"
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                chosen.oidc_client_id,
                "code",
                redirect_uri=question.return_to,
                scope=SCOPE,
                state=question.state,
                nonce=question.nonce,
                code_challenge=question.challenge,
                code_challenge_method="S256",
                acr_values=" ".join(chosen.oidc_second_factor_acr) or None if trusts else None,
                # Where nothing else is asked here, a provider's session left open at a shared desk must not do.
                prompt="login" if trusts else None,
            )
        )

    async def vouched(self, question: Question, code: str, issuer: str | None) -> Vouched:
        """Whom a code is for. Raises OidcRefused and OidcUnavailable."""
        metadata = await self._discovered()
        if issuer != metadata.issuer and (issuer or metadata.authorization_response_iss_parameter_supported):
            raise problems.OidcRefused
        answer = await self._exchange(metadata, question, code)
        keys = await self._signing_keys(metadata)
        try:
            return self._read(answer, keys, question)
        except KeyUnknown:
            keys = await self._signing_keys(metadata, older_than=AGAIN_SECONDS)
        try:
            return self._read(answer, keys, question)
        except KeyUnknown:
            raise problems.OidcRefused from None

    def _read(self, answer: Mapping[str, Any], keys: list[Key], question: Question) -> Vouched:
        access_token = answer.get("access_token")
        return read_id_token(
            answer.get("id_token"),
            keys,
            issuer=self._settings.oidc_issuer,
            client_id=self._settings.oidc_client_id,
            nonce=question.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
            second_factor_acr=self._settings.oidc_second_factor_acr,
        )

    async def _discovered(self) -> Metadata:
        async with self._asking:
            if self._metadata is not None and time.monotonic() - self._metadata_at < REMEMBERED_SECONDS:
                return self._metadata
            address = self._settings.oidc_issuer.rstrip("/") + DISCOVERY
            try:
                found = Metadata.model_validate(await self._ask("GET", address))
            except ValidationError as error:
                places = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False)]
                raise self._away("discovery", places=places) from None
            if found.issuer != self._settings.oidc_issuer:
                raise self._away("discovery", places=["issuer"])
            self._metadata, self._metadata_at = found, time.monotonic()
            return found

    async def _signing_keys(self, metadata: Metadata, older_than: float = REMEMBERED_SECONDS) -> list[Key]:
        async with self._asking:
            if time.monotonic() - self._keys_at >= older_than:
                self._keys = read_keys(await self._ask("GET", metadata.jwks_uri))
                self._keys_at = time.monotonic()
            return self._keys

    async def _exchange(self, metadata: Metadata, question: Question, code: str) -> Mapping[str, Any]:
        """The tokens for a code (RFC 6749, 4.1.3), with the proof that it was asked for here (RFC 7636)."""
        client_id = self._settings.oidc_client_id
        secret = self._settings.oidc_client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": question.return_to,
            "code_verifier": question.verifier,
        }
        methods = metadata.token_endpoint_auth_methods_supported
        if BASIC not in methods and POST in methods:
            answer = await self._ask(
                "POST", metadata.token_endpoint, data={**form, "client_id": client_id, "client_secret": secret}
            )
        else:
            shown = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))
            answer = await self._ask("POST", metadata.token_endpoint, data=form, auth=shown)
        if not isinstance(answer, dict):
            raise self._away("answer")
        return answer

    async def _ask(self, method: str, address: str, **request: Any) -> Any:
        """What the provider answers, as JSON. Raises OidcUnavailable, and OidcRefused where a POST was refused."""
        try:
            response = await self._http.request(
                method,
                address,
                timeout=ANSWER_SECONDS,
                follow_redirects=False,
                headers={"Accept": "application/json"},
                **request,
            )
        except httpx.HTTPError as error:
            raise self._away(type(error).__name__) from error
        body: Any = None
        if len(response.content) <= ANSWER_BYTES:
            with suppress(ValueError):
                body = response.json()
        if response.is_success and body is not None:
            return body
        if method == "POST" and response.is_client_error:
            said = str(body.get("error", "")) if isinstance(body, dict) else ""
            logger.warning("oidc_code_refused", status=response.status_code, error=(ERROR.match(said) or [""])[0])
            raise problems.OidcRefused
        raise self._away("status", status=response.status_code)

    def _away(self, what: str, **more: Any) -> problems.OidcUnavailable:
        logger.warning("oidc_away", error=what, **more)
        return problems.OidcUnavailable()

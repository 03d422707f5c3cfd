"""Citizens on routes that are open to anybody: who shows a citizen's token, and who has to."""

from fastapi import Request

from shared.access import AccessDenied
from shared.identity.recognition import Recognition
from shared.identity.tokens import Principal


async def shown(request: Request) -> Principal | None:
    """The citizen whose token a request shows in `Authorization`; None without one, and for other kinds of account.

    Raises SignInNeeded, TokenUnknown and IdentityUnavailable for a token that cannot be taken.
    """
    if "authorization" not in request.headers:
        return None
    found = await _recognition(request).principal(request)
    return found if found.kind == "citizen" else None


async def needed(request: Request) -> Principal:
    """The citizen who asks. Raises SignInNeeded where nobody is signed in, AccessDenied where it is no citizen."""
    found = await _recognition(request).principal(request)
    if found.kind != "citizen":
        raise AccessDenied
    return found


def _recognition(request: Request) -> Recognition:
    found: Recognition = request.app.state.runtime.recognition
    return found

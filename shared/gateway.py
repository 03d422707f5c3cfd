"""What the gateway, which alone reaches the services, says of whoever sent a request."""

from fastapi import Request


def is_secure(request: Request) -> bool:
    """Whether the visitor's browser speaks https."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def client_address(request: Request) -> str:
    """The client's address: the last one of the list is the one that our gateway saw; all before it anybody may say."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")

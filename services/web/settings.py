"""The pages' settings."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings


def _listed(hosts: Any) -> Any:
    """Hosts as an environment writes them: with commas between."""
    if not isinstance(hosts, str):
        return hosts
    return tuple(each.strip().lower() for each in hosts.split(",") if each.strip())


class WebSettings(ServiceSettings):
    """What the pages read from the environment besides the county's settings."""

    model_config = SettingsConfigDict(env_prefix="WEB_")

    phone: str = Field(default="12345", min_length=3, max_length=40)
    """Shown where the hall's own number is not known because the roster was never reached."""
    upstream_seconds: float = Field(default=4.0, gt=0, le=30)
    """How long a page waits for one answer of another service."""
    fresh_seconds: float = Field(default=30.0, ge=0)
    """How long an answer of the roster is used without asking again."""
    stale_seconds: float = Field(default=3600.0, ge=0)
    """How long it is used while the roster is away."""
    voucher_seconds: int = Field(default=3600, ge=60)
    """How long a voucher can be opened again without code and digits."""
    draft_seconds: int = Field(default=3600, ge=60)
    """How long a browser keeps what was typed: on the way to a booking, or as an outcome at a window's desk."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$")
    """Where visitors find the pages, such as `https://fuwuri.example.cn`: what a ticket's QR code opens."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Without `public_url` a ticket's QR code opens the host that the counter's browser asked, if it is one of these,
    `localhost` or a private address. Whoever asks may send any `Host`, and a printed code must not lead elsewhere."""

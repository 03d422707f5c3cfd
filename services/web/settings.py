"""The pages' settings."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings


def _listed(hosts: Any) -> Any:
    """Hosts as an environment writes them: with commas between."""
    if not isinstance(hosts, str):
        return hosts
    return tuple(each.strip().lower() for each in hosts.split(",") if each.strip())


def _contacts(listed: Any) -> Any:
    """Addresses as an environment writes them: with commas between, their case as it is."""
    if not isinstance(listed, str):
        return listed
    return tuple(each.strip() for each in listed.split(",") if each.strip())


def _port(published: Any) -> Any:
    """A port as Compose publishes it, `8080` or `127.0.0.1:8080`."""
    return published.rpartition(":")[2] if isinstance(published, str) else published


Contact = Annotated[str, StringConstraints(pattern=r"^(mailto:|https://|tel:)[!-~]+$", max_length=200)]


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
    citizens_port: Annotated[int, BeforeValidator(_port)] = Field(default=0, ge=0, le=65535)
    """The port of the citizens' listener, where it is not the staff's: a ticket's QR code must not lead to a port that
    a visitor's phone cannot reach. 0: as the counter's browser asked."""
    security_contact: Annotated[tuple[Contact, ...], NoDecode, BeforeValidator(_contacts)] = ()
    """Whom to tell of a weakness, for `/.well-known/security.txt`, which is not there without."""

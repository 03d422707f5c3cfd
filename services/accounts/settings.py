"""What accounts reads from its environment."""

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.accounts.domain.federation import SecondFactor
from shared.settings import ServiceSettings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def protected(address: str) -> str:
    """An address of the provider's: https, or on this machine. ValueError for any other."""
    parts = urlsplit(address)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ValueError("an address of the provider must begin with https://")
    return address


def _issuer(address: str) -> str:
    if "?" in address or "#" in address:
        raise ValueError("an issuer has neither query nor fragment")
    return protected(address) if address else ""


def _listed(words: Any) -> Any:
    """Words as an environment writes them: with commas between."""
    return tuple(each.strip() for each in words.split(",") if each.strip()) if isinstance(words, str) else words


class AccountsSettings(ServiceSettings):
    """Accounts' own settings carry the prefix `ACCOUNTS_`."""

    model_config = SettingsConfigDict(env_prefix="ACCOUNTS_")

    hash_queue: int = Field(default=64, ge=1, le=1024)
    """Passwords that may wait to be hashed; past it the answer is 429."""
    tries_window_minutes: int = Field(default=15, ge=1)
    tries_per_login: int = Field(default=10, ge=1)
    """Wrong passwords or codes for one login, or for one citizen's phone, in a window."""
    tries_per_address: int = Field(default=100, ge=1)
    """Wrong passwords or codes from one client address in a window; a whole hall often shares one."""
    pairing_tries_per_address: int = Field(default=20, ge=1)
    """Wrong codes of a kiosk or screen from one client address in a window."""
    session_hours: int = Field(default=12, ge=1, le=24)
    """After so long a sign-in ends, whatever was done in it."""
    citizen_session_days: int = Field(default=30, ge=1, le=90)
    """After so long a citizen needs another code. Long, for whoever is 75 and books once a month should not have to:
    with the phone in hand anybody could ask for a code anyway, and every sign-in can be ended on a page."""
    codes_per_phone: int = Field(default=3, ge=1)
    """Codes sent to one phone in a window of `tries_window_minutes`: whoever waits for one asks twice."""
    codes_per_phone_and_day: int = Field(default=10, ge=1)
    """With five tries a code, this leaves a guesser fifty of a million numbers a day."""
    codes_per_device: int = Field(default=10, ge=1)
    """Codes asked for from one browser in a window: a village's helper signs in with one after the other."""
    codes_per_address: int = Field(default=60, ge=1)
    """Codes asked for from one client address in a window; a whole hall often shares one."""
    code_seconds: float = Field(default=3.0, gt=0, le=10)
    """How long notifications may take to send a code: less than the pages wait for us."""
    enrolment_minutes: int = Field(default=10, ge=1, le=30)
    """How long a first sign-in has for a password of one's own and for the telephone's codes."""
    initial_password_hours: int = Field(default=72, ge=1)
    """How long a password that the operator handed out opens anything."""

    # The provider of OpenID Connect that staff may sign in with; without an issuer none is offered.
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] = Field(default="", validation_alias="OIDC_ISSUER")
    """Exactly as the provider's own discovery document says it."""
    oidc_client_id: str = Field(default="", max_length=255, validation_alias="OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), validation_alias="OIDC_CLIENT_SECRET")
    oidc_name: str = Field(default="统一身份认证", min_length=1, max_length=40, validation_alias="OIDC_NAME")
    """What the button on the sign-in page calls it."""
    oidc_link_by_login: bool = Field(default=False, validation_alias="OIDC_LINK_BY_LOGIN")
    """Whether a subject that nobody linked is linked at first use, to the account whose login is its
    `preferred_username` or verified mail address. Off, for then whoever may choose a name at the provider chooses whose
    account they enter: only for a provider where the county itself gives the names and never gives one twice."""
    oidc_second_factor: SecondFactor = Field(default="required", validation_alias="OIDC_SECOND_FACTOR")
    """`required`: the telephone's code is asked for here as well, for a provider's session may stand open at a shared
    desk, and its password alone is one factor. `trusted`: it is left out where the ID token says that the provider
    asked for more than one factor (`amr` holds `mfa`, or `acr` is one of those named); else it is asked for here."""
    oidc_second_factor_acr: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), validation_alias="OIDC_SECOND_FACTOR_ACR"
    )
    """With `trusted`: values of `acr` that mean a second factor at this provider."""

    @model_validator(mode="after")
    def _whole_client(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret.get_secret_value()):
            raise ValueError("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
        return self

"""What accounts reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AccountsSettings(ServiceSettings):
    """Accounts' own settings carry the prefix `ACCOUNTS_`."""

    model_config = SettingsConfigDict(env_prefix="ACCOUNTS_")

    hash_queue: int = Field(default=64, ge=1, le=1024)
    """Passwords that may wait to be hashed; past it the answer is 429."""
    tries_window_minutes: int = Field(default=15, ge=1)
    tries_per_login: int = Field(default=10, ge=1)
    """Wrong passwords or codes for one login in a window."""
    tries_per_address: int = Field(default=100, ge=1)
    """Wrong passwords or codes from one client address in a window; a whole hall often shares one."""
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
    retention_days: int = Field(default=90, ge=1)
    """Days after its end that a session is remembered."""

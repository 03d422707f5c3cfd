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
    enrolment_minutes: int = Field(default=10, ge=1, le=30)
    """How long a first sign-in has for a password of one's own and for the telephone's codes."""
    initial_password_hours: int = Field(default=72, ge=1)
    """How long a password that the operator handed out opens anything."""

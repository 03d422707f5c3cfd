"""What notifications reads from the environment besides the county's settings."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """Settings of the service, such as `NOTIFICATIONS_SMTP_HOST`."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_")

    public_url: str = Field(default="", max_length=200)
    """Where visitors find the pages, such as `https://fuwuri.example.cn`; without it messages name the phone alone."""
    card_seconds: float = Field(default=3.0, gt=0, le=10)
    """How long one visitor card may take."""
    card_concurrency: int = Field(default=8, ge=1, le=32)
    """Cards asked for at once."""
    lease_seconds: float = Field(default=60.0, gt=0, le=600)
    """A worker that has a message in hand longer than this is taken for dead."""

    smtp_host: str = ""
    """The mail server; without it nobody is written to by mail."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_sender: str = ""
    """The address that mail comes from."""
    smtp_ca_file: Path | None = None
    """Certificates to trust instead of the system's, for a mail server inside the county."""
    smtp_seconds: float = Field(default=20.0, gt=0, le=60)
    """How long one letter may take, connecting included."""

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.smtp_host and "@" not in self.smtp_sender:
            raise ValueError("NOTIFICATIONS_SMTP_SENDER must be a mail address where NOTIFICATIONS_SMTP_HOST is set")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("NOTIFICATIONS_SMTP_SECURITY=none would send the password in the clear")
        return self

    @property
    def mail(self) -> bool:
        """Whether there is a mail server."""
        return bool(self.smtp_host)

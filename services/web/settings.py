"""The pages' settings."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


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
    """How long a browser keeps what was typed on the way to a booking."""

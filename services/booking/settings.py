"""What booking reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class BookingSettings(ServiceSettings):
    """Booking's own settings carry the prefix `BOOKING_`."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_")

    claim_batch: int = Field(default=64, ge=1, le=256)
    """Requests that share a commit, at most."""
    claim_lines: int = Field(default=1, ge=1, le=16)
    """Transactions that claim at the same time; a slot always stands in the same line. More lines wait less for each
    other, but share fewer commits: on two cores two cost a quarter more of the database's work for each booking."""
    claim_queue: int = Field(default=1024, ge=1)
    """Requests that may wait in one line; past it the answer is 429."""
    claim_patience_seconds: float = Field(default=10.0, gt=0)
    """A request that waited this long is answered 429 without being tried."""
    tries_window_minutes: int = Field(default=15, ge=1)
    tries_per_code: int = Field(default=5, ge=1)
    """Wrong digits for one code in a window."""
    tries_per_address: int = Field(default=30, ge=1)
    """Wrong codes or digits from one client address in a window; a village may share one."""
    retention_days: int = Field(default=90, ge=1)
    """Days after its slot that a booking names its visitor."""

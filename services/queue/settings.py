"""What the queue reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class QueueSettings(ServiceSettings):
    """The queue's own settings carry the prefix `QUEUE_`."""

    model_config = SettingsConfigDict(env_prefix="QUEUE_")

    card_days_ahead: int = Field(default=1, ge=0, le=7)
    """For how many days after today visitor cards are asked of booking: the hall must know who comes tomorrow even
    where booking is away in the morning, and nobody else's data lies here."""
    card_seconds: float = Field(default=3.0, gt=0)
    """How long booking may take to answer."""
    streams: int = Field(default=500, ge=1)
    """Live streams that one process serves; past it the answer is 429."""
    streams_per_address: int = Field(default=300, ge=1)
    """Of them for one client address, so that nobody takes all places of the screens; a hall often shares one."""
    undo_seconds: int = Field(default=30, ge=1)
    """How long the last verb of a window can be taken back."""

"""Said by notifications: what is to be told, and what became of it. Never the words or the address."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event, State


class Message(State):
    """Something to be told to one recipient over one channel."""

    message_id: str
    about: str
    """Id of the booking it tells of."""
    kind: Literal[
        "booked",
        "cancelled",
        "moved",
        "session_cancelled",
        "reminder",
        "turn_near",
        "called",
        "missed",
        "running_late",
        "substituted",
    ]
    channel: Literal["console", "email"]
    language: Literal["zh", "en"]
    state: Literal["waiting", "sent", "failed", "withdrawn"]
    attempts: int = 0
    due_at: datetime
    settled_at: datetime | None = None


class MessageEvent(Event):
    """Any event of a message."""

    topic: ClassVar[str] = "notifications.messages.v1"
    message: Message

    @property
    def subject(self) -> str:
        """The message's id."""
        return self.message.message_id


class MessageQueued(MessageEvent):
    """A message is to be sent when it is due."""


class MessageSent(MessageEvent):
    """A channel took the message."""


class MessageFailed(MessageEvent):
    """Every attempt failed; somebody has to be called."""


class MessageWithdrawn(MessageEvent):
    """What it told is no longer true; it was not sent."""

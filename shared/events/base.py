"""What every event and every topic has."""

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class State(BaseModel):
    """A part of an event's payload, or of another service's answer. Unknown fields are passed over: it may be newer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(State):
    """A fact. `version` is the aggregate's, counted from 1 without gaps."""

    topic: ClassVar[str]
    """Name of the topic that carries the event, without any prefix of the installation."""

    version: int = Field(ge=1)

    @property
    def subject(self) -> str:
        """Id of the aggregate the event is about: the Kafka key and `ce_subject`."""
        raise NotImplementedError  # pragma: no cover  (each topic's base answers)


@dataclass(frozen=True)
class Topic:
    """A topic's contract. Every topic is compacted and keyed by the aggregate's id."""

    name: str
    producer: str
    consumers: tuple[str, ...]
    key: str
    meaning: str
    events: tuple[type[Event], ...] = field(repr=False)
    partitions: int = 6

    def event_types(self) -> dict[str, type[Event]]:
        """The topic's events by `ce_type`, such as `roster.SessionPlanned`."""
        return {event_type(event): event for event in self.events}


def event_type(event: type[Event]) -> str:
    """The CloudEvents type: producer and class name."""
    return f"{event.topic.split('.', 1)[0]}.{event.__name__}"

"""Who may use which topic: what the table of topics says, and not a right more."""

import dataclasses

import pytest

from deploy.kafka.permissions import Operation, Resource, permissions, superfluous
from shared.events.topics import BOOKINGS, SESSIONS, TOPICS


def may(service, prefix=""):
    return {
        (Operation(each.operation), Resource(each.resource), each.name)
        for each in permissions(prefix)
        if each.principal == f"User:{service}"
    }


def test_a_service_may_do_what_the_table_says():
    assert may("booking") == {
        (Operation.WRITE, Resource.TOPIC, "booking.bookings.v1"),
        (Operation.READ, Resource.TOPIC, "roster.matters.v1"),
        (Operation.READ, Resource.GROUP, "booking.roster.matters.v1"),
        (Operation.READ, Resource.TOPIC, "roster.sessions.v1"),
        (Operation.READ, Resource.GROUP, "booking.roster.sessions.v1"),
        (Operation.READ, Resource.TOPIC, "queue.visits.v1"),
        (Operation.READ, Resource.GROUP, "booking.queue.visits.v1"),
        (Operation.READ, Resource.TOPIC, "accounts.people.v1"),
        (Operation.READ, Resource.GROUP, "booking.accounts.people.v1"),
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_has_one_writer_and_its_consumers_read(topic):
    writing = {
        each.principal for each in permissions("") if each.name == topic.name and each.operation == Operation.WRITE
    }
    reading = {
        each.principal for each in permissions("") if each.name == topic.name and each.operation == Operation.READ
    }
    assert writing == {f"User:{topic.producer}"}
    assert reading == {f"User:{consumer}" for consumer in topic.consumers}


def test_names_carry_the_installations_prefix():
    assert all(each.name.startswith("wangchuan.") for each in permissions("wangchuan."))
    assert (Operation.READ, Resource.GROUP, "wangchuan.booking.roster.sessions.v1") in may("booking", "wangchuan.")


def test_what_left_the_table_is_taken_back_and_nothing_else():
    older = dataclasses.replace(BOOKINGS, consumers=(*BOOKINGS.consumers, "roster"))
    former = permissions("", (SESSIONS, older)) - permissions("", (SESSIONS, BOOKINGS))
    assert len(former) == 2
    stranger = next(iter(former))._replace(principal="User:someone")
    present = permissions("") | former | {stranger}
    assert superfluous(present, "") == former


def test_another_countys_names_are_left_alone():
    assert superfluous(permissions("north."), "south.") == frozenset()
    assert superfluous(permissions(""), "south.") == frozenset()

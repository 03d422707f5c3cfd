"""Who is called next at a window: the day as a hall manager would tell it, then what holds for every day."""

import random
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.queue.domain.order import Next, Waiting, line, next_ticket

NINE = datetime(2026, 1, 4, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)


def at(clock):
    hour, minute = clock.split(":")
    return NINE.replace(hour=int(hour), minute=int(minute))


def ticket(number):
    return UUID(int=number)


def person(number, came, booked=None, **changes):
    """Ticket so and so, who came at, and is booked for."""
    usual = {"priority": False, "overtaken": 0, "behind": 0, "elsewhere": False}
    return Waiting(ticket(number), came, booked, **(usual | changes))


def waits(number, came, booked=None, **changes):
    """The same, told by the clock."""
    return person(number, at(came), booked and at(booked), **changes)


def numbers(waiting, clock):
    return [each.int for each in line(waiting, at(clock))]


def after(waiting, called):
    """What the caller counts when it calls somebody."""
    return [
        replace(
            each,
            overtaken=each.overtaken + (each.ticket_id in called.overtaken),
            behind=max(each.behind - 1, 0),
        )
        for each in waiting
        if each.ticket_id != called.ticket_id
    ]


def test_nobody_waits():
    assert next_ticket([], NINE) is None
    assert line([], NINE) == []


def test_walk_ins_are_called_as_they_came():
    waiting = [waits(3, "09:20"), waits(1, "09:05"), waits(2, "09:10")]
    assert numbers(waiting, "09:30") == [1, 2, 3]


def test_a_booking_goes_before_walk_ins_once_its_time_has_come():
    waiting = [waits(1, "09:05"), waits(2, "09:10", booked="10:00")]
    assert numbers(waiting, "09:57") == [1, 2]
    assert numbers(waiting, "09:58") == [2, 1], "two minutes before is the time"


def test_who_is_booked_is_called_early_if_nobody_else_waits():
    assert numbers([waits(2, "08:40", booked="11:00"), waits(1, "08:50", booked="10:00")], "09:00") == [1, 2]


def test_bookings_go_by_the_booked_time_however_early_somebody_came():
    waiting = [waits(1, "08:00", booked="10:00"), waits(2, "09:29", booked="09:30"), waits(3, "08:30", booked="10:00")]
    assert numbers(waiting, "10:30") == [2, 1, 3]


def test_two_minutes_after_the_booked_time_are_on_time_and_three_are_late():
    walk_in = waits(1, "09:40")
    assert numbers([walk_in, waits(2, "10:02", booked="10:00")], "10:05") == [2, 1]
    assert numbers([walk_in, waits(2, "10:03", booked="10:00")], "10:05") == [1, 2]


def test_who_is_late_counts_as_a_walk_in_of_that_minute():
    waiting = [
        waits(1, "09:50"),
        waits(2, "10:10", booked="09:30"),
        waits(3, "10:15"),
        waits(4, "10:12", booked="9:00"),
    ]
    assert numbers(waiting, "10:20") == [1, 2, 4, 3]


def test_who_is_late_goes_behind_those_on_time_who_are_booked_within_the_hour():
    late = waits(1, "10:10", booked="09:30")
    assert numbers([late, waits(2, "10:05", booked="11:10")], "10:20") == [2, 1], "though called early"
    assert numbers([late, waits(2, "10:05", booked="11:11")], "10:20") == [1, 2]
    assert numbers([late, waits(2, "10:25", booked="11:10")], "10:30") == [2, 1], "though the other came later"


def test_walk_ins_pass_who_is_late_while_that_one_waits_for_a_booking_to_come():
    waiting = [waits(1, "10:10", booked="09:30"), waits(2, "10:05", booked="11:00"), waits(3, "10:15")]
    assert numbers(waiting, "10:20") == [3, 2, 1]
    gone = [each for each in waiting if each.ticket_id != ticket(2)]
    assert numbers(gone, "10:20") == [1, 3], "and no longer when it was called or went home"
    ahead_of_time = [waiting[0], replace(waiting[1], priority=True), waiting[2]]
    assert numbers(ahead_of_time, "10:20") == [2, 1, 3]
    promised = [waiting[0], replace(waiting[1], first_next=True), waiting[2]]
    assert numbers(promised, "10:20") == [2, 1, 3], "who is called first in any case holds nobody up"
    assert next_ticket([*promised, waits(4, "10:12", priority=True)], at("10:20")).overtaken == (ticket(2), ticket(1))


def test_priority_goes_first_and_says_who_was_overtaken():
    waiting = [
        waits(1, "09:00"),
        waits(2, "09:05"),
        waits(3, "09:30", priority=True),
        waits(4, "09:01", elsewhere=True),
    ]
    assert next_ticket(waiting, at("09:31")) == Next(ticket(3), (ticket(1), ticket(2)))
    assert next_ticket(waiting[:2], at("09:31")) == Next(ticket(1), ())


def test_the_third_with_priority_waits_for_who_was_overtaken_twice():
    waiting = [waits(1, "09:00"), *(waits(number, f"09:1{number}", priority=True) for number in (2, 3, 4, 5))]
    assert numbers(waiting, "09:30") == [2, 3, 1, 4, 5]


def test_who_was_overtaken_twice_also_holds_priority_for_those_before():
    waiting = [waits(1, "09:00", overtaken=1), waits(2, "09:05", overtaken=2), waits(3, "09:10", priority=True)]
    assert numbers(waiting, "09:30") == [1, 2, 3]


def test_among_people_with_priority_the_plain_order_holds():
    waiting = [waits(1, "09:20", priority=True), waits(2, "09:00", booked="09:30", priority=True)]
    assert numbers(waiting, "09:25") == [1, 2]
    assert numbers(waiting, "09:30") == [2, 1]
    assert next_ticket(waiting, at("09:30")).overtaken == ()


def test_priority_goes_first_before_its_booked_time_and_when_it_is_late():
    waiting = [waits(1, "09:00"), waits(2, "09:05", booked="11:00", priority=True)]
    assert numbers(waiting, "09:10") == [2, 1]
    waiting = [waits(1, "10:00", booked="10:00"), waits(2, "10:05", booked="09:00", priority=True)]
    assert numbers(waiting, "10:10") == [2, 1]


def test_a_promised_first_place_comes_after_priority_and_before_all_others():
    waiting = [
        waits(1, "08:50", booked="09:00"),
        waits(2, "08:55"),
        waits(3, "09:20", first_next=True),
        waits(4, "09:10", booked="11:00", first_next=True),
        waits(5, "09:25", priority=True),
    ]
    assert numbers(waiting, "09:30") == [5, 4, 3, 1, 2]
    assert next_ticket(waiting, at("09:30")).overtaken == tuple(ticket(number) for number in (4, 3, 1, 2))
    late = waits(6, "09:40", booked="09:00", first_next=True)
    assert numbers([*waiting, late], "09:45") == [5, 4, 3, 6, 1, 2], "the promise does not end with the booked time"


def test_who_did_not_answer_goes_behind_two_others():
    waiting = [waits(1, "09:00", behind=2), waits(2, "09:05"), waits(3, "09:10"), waits(4, "09:15")]
    assert numbers(waiting, "09:20") == [2, 3, 1, 4]


def test_who_did_not_answer_is_called_at_once_if_nobody_else_can_be():
    assert numbers([waits(1, "09:00", behind=2)], "09:20") == [1]
    waiting = [waits(1, "09:00", behind=2), waits(2, "09:05", behind=1), waits(3, "08:55", elsewhere=True)]
    assert numbers(waiting, "09:20") == [2, 1, 3], "the one with fewest to wait for first"


def test_who_is_put_back_meanwhile_is_neither_overtaken_nor_holds_late_people_up():
    waiting = [waits(1, "09:00", behind=2), waits(2, "09:05"), waits(3, "09:10", priority=True)]
    assert next_ticket(waiting, at("09:20")).overtaken == (ticket(2),)
    waiting = [waits(1, "10:10", booked="09:30"), waits(2, "10:05", booked="11:00", behind=2), waits(3, "10:15")]
    assert numbers(waiting, "10:20") == [1, 3, 2]


def test_who_is_at_another_window_is_skipped_and_keeps_the_place():
    waiting = [waits(1, "09:00", elsewhere=True), waits(2, "09:05"), waits(3, "09:10", priority=True, elsewhere=True)]
    assert numbers(waiting, "09:20") == [2, 1, 3]
    assert next_ticket(waiting[::2], at("09:20")) is None
    back = [replace(waiting[0], elsewhere=False), *waiting[1:]]
    assert numbers(back, "09:25") == [1, 2, 3]


def test_of_two_who_came_at_once_the_ticket_decides():
    waiting = [waits(number, "09:00") for number in (3, 1, 2)]
    assert numbers(waiting, "09:20") == [1, 2, 3]


# What holds for every queue. Times lie close together, so that edges and ties are met often.


@st.composite
def queues(draw, *, behind=3, priority=True):
    """People who wait, and the time it is. Nobody came after it."""
    now = draw(st.sampled_from([*range(60, 181, 15), 43, 58, 73, 89, 124]))
    people = []
    for number in range(draw(st.integers(0, 9))):
        booked = draw(st.none() | st.sampled_from(range(0, 181, 15)))
        came = draw(st.integers(0, now) if booked is None else st.integers(max(0, booked - 70), booked + 70))
        people.append(
            person(
                number,
                NINE + min(came, now) * MINUTE,
                None if booked is None else NINE + booked * MINUTE,
                priority=priority and draw(st.sampled_from([False, False, True])),
                overtaken=draw(st.integers(0, 2)),
                behind=draw(st.sampled_from([0, 0, 0, *range(behind + 1)])),
                elsewhere=draw(st.sampled_from([False] * 5 + [True])),
                away=draw(st.sampled_from([False] * 5 + [True])),
                first_next=draw(st.sampled_from([False] * 7 + [True])),
            )
        )
    return draw(st.permutations(people)), NINE + now * MINUTE


def here(each):
    return not (each.elsewhere or each.away)


def walk_in(each):
    return each.booked_for is None


def late(each):
    return each.booked_for is not None and each.arrived_at > each.booked_for + 2 * MINUTE


def on_time(each):
    return each.booked_for is not None and not late(each)


def due(each, now):
    return on_time(each) and each.booked_for - 2 * MINUTE <= now


def by_arrival(people):
    return sorted(people, key=lambda each: (each.arrived_at, each.ticket_id))


def by_booking(people):
    return sorted(by_arrival(people), key=lambda each: each.booked_for)


def plain(people, now):
    """The plain order told in another way: the late are put one by one into a line of the others."""
    others = [each for each in people if not each.first_next]
    in_line = by_arrival(each for each in people if each.first_next)
    in_line += by_booking(each for each in others if due(each, now))
    in_line += by_arrival(each for each in others if walk_in(each))
    in_line += by_booking(each for each in others if on_time(each) and not due(each, now))
    for one in by_arrival(each for each in others if late(each)):
        last = max((place for place, each in enumerate(in_line) if goes_before(each, one, now)), default=-1)
        in_line.insert(last + 1, one)
    return in_line


def goes_before(each, one, now):
    """Whether somebody is called before one who is late."""
    if each.first_next or due(each, now):
        return True
    if on_time(each):
        return each.booked_for <= one.arrived_at + 60 * MINUTE
    return (each.arrived_at, each.ticket_id) < (one.arrived_at, one.ticket_id)


def told(waiting, now):
    """The next one as the rules tell it, slowly."""
    callable_now = [each for each in waiting if here(each)]
    fewest = min((each.behind for each in callable_now), default=0)
    order = plain([each for each in callable_now if each.behind == fewest], now)
    for index, each in enumerate(order):
        if each.priority:
            if all(before.overtaken < 2 for before in order[:index]):
                return Next(each.ticket_id, tuple(before.ticket_id for before in order[:index]))
            break
    return Next(order[0].ticket_id, ()) if order else None


@settings(max_examples=500, deadline=None)
@given(queues())
def test_the_next_one_is_who_the_rules_tell(queue):
    assert next_ticket(*queue) == told(*queue)


@settings(max_examples=500, deadline=None)
@given(queues())
def test_the_line_is_what_calling_one_after_the_other_gives(queue):
    waiting, now = queue
    called, left = [], waiting
    while (found := next_ticket(left, now)) is not None:
        called.append(found.ticket_id)
        left = after(left, found)
    assert not any(here(each) for each in left)
    assert line(waiting, now) == called + [each.ticket_id for each in plain(left, now)]


@given(queues(), st.randoms(use_true_random=False))
def test_everybody_stands_in_the_line_once_however_the_tickets_are_listed(queue, chance):
    waiting, now = queue
    found = line(waiting, now)
    assert sorted(found) == sorted(each.ticket_id for each in waiting)
    mixed = list(waiting)
    chance.shuffle(mixed)
    assert line(mixed, now) == found


@given(queues())
def test_nobody_at_another_window_or_away_is_called(queue):
    waiting, now = queue
    found = next_ticket(waiting, now)
    present = {each.ticket_id for each in waiting if here(each)}
    assert (found is None) == (not present)
    if found is not None:
        assert {found.ticket_id, *found.overtaken} <= present
        assert line(waiting, now)[0] == found.ticket_id


def ahead(waiting, now, first, second):
    """Of all pairs of people without priority who may both be called: is the first always before the second."""
    places = {name: place for place, name in enumerate(line(waiting, now))}
    plain_people = [each for each in waiting if not (each.priority or each.behind or each.first_next) and here(each)]
    return all(
        places[one.ticket_id] < places[other.ticket_id]
        for one in plain_people
        for other in plain_people
        if first(one) and second(one, other)
    )


@given(queues())
def test_walk_ins_never_pass_walk_ins_who_came_before(queue):
    assert ahead(*queue, walk_in, lambda one, other: walk_in(other) and one.arrived_at < other.arrived_at)


@given(queues())
def test_bookings_go_before_walk_ins_once_they_are_due_and_after_them_until_then(queue):
    _, now = queue
    assert ahead(*queue, lambda one: due(one, now), lambda _, other: walk_in(other))
    assert ahead(*queue, walk_in, lambda _, other: on_time(other) and not due(other, now))


@given(queues())
def test_the_late_go_behind_those_of_the_hour_and_those_who_came_before(queue):
    def behind_booking(one, other):
        return late(other) and one.booked_for <= other.arrived_at + 60 * MINUTE

    def behind_arrival(one, other):
        return late(other) and one.arrived_at < other.arrived_at

    assert ahead(*queue, on_time, behind_booking)
    assert ahead(*queue, lambda one: not on_time(one), behind_arrival)


@given(queues(behind=0, priority=False), st.integers(1, 3))
def test_who_is_put_back_stands_behind_exactly_so_many(queue, behind):
    waiting, now = queue
    before = line(waiting, now)
    first = next_ticket(waiting, now)
    if first is None:
        return
    present = sum(map(here, waiting))
    put_back = [replace(each, behind=behind) if each.ticket_id == first.ticket_id else each for each in waiting]
    assert line(put_back, now).index(first.ticket_id) == min(behind, present - 1)
    if not any(late(each) for each in waiting):  # who may have stood behind the one put back
        others = [name for name in line(put_back, now) if name != first.ticket_id]
        assert others == before[1:]


@settings(max_examples=300)
@given(queues(behind=0) | queues(priority=False), st.booleans())
def test_a_walk_in_who_comes_later_changes_nothing_for_those_before(queue, at_once):
    waiting, now = queue
    latest = max((each.arrived_at for each in waiting), default=now)
    newcomer = person(99, latest if at_once else now)
    found = line([*waiting, newcomer], now)
    place = found.index(newcomer.ticket_id)
    assert found[:place] == line(waiting, now)[:place]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 3))
def test_over_a_whole_day_nobody_is_overtaken_by_priority_more_than_twice(seed, one_in, silent):
    chance = random.Random(seed)  # noqa: S311  (a day, not a secret)
    overtaken = Counter()
    called, waiting, number = [], [], 0
    for minute in range(180):
        now = NINE + minute * MINUTE
        if chance.random() < 0.4:
            number += 1
            booked = chance.choice([None, None, now + chance.randrange(-60, 90) * MINUTE])
            waiting.append(person(number, now, booked, priority=chance.randrange(one_in) == 0))
        found = next_ticket(waiting, now) if minute % 3 == 0 else None
        if found is None:
            continue
        chosen = next(each for each in waiting if each.ticket_id == found.ticket_id)
        if chosen.priority:
            # Counted anew, not read from the answer: everybody who could have been called and stood before.
            order = plain([each for each in waiting if each.behind == chosen.behind], now)
            passed = order[: order.index(chosen)]
            assert not any(each.priority for each in passed)
            assert {each.ticket_id for each in passed} == set(found.overtaken)
            overtaken.update(each.ticket_id for each in passed)
        waiting = after(waiting, found)
        if chance.randrange(10) < silent:
            waiting.append(replace(chosen, behind=2))
        else:
            called.append(chosen)
    assert all(times <= 2 for times in overtaken.values())
    assert all(each.overtaken == overtaken[each.ticket_id] for each in [*called, *waiting])


@given(st.lists(st.booleans(), min_size=1, max_size=25), st.integers(0, 24))
def test_of_walk_ins_alone_at_most_two_who_came_later_are_called_first(priority, start):
    waiting = [waits(number, "09:00", priority=each) for number, each in enumerate(priority)]
    waiting = [replace(each, arrived_at=NINE + each.ticket_id.int * MINUTE) for each in waiting]
    found = [each.int for each in line(waiting[start:], at("10:00"))]
    for place, number in enumerate(found):
        passed_by = [other for other in found[:place] if other > number]
        assert len(passed_by) <= (0 if priority[number] else 2)
        assert all(priority[other] for other in passed_by)


@pytest.mark.parametrize("one_in", [2, 10, 400])
def test_a_line_of_four_hundred_is_told_at_once(one_in):
    chance = random.Random(one_in)  # noqa: S311  (the same crowd every time)
    crowd = [
        person(
            number,
            NINE + chance.randrange(240) * MINUTE,
            chance.choice([None, NINE + chance.randrange(480) * MINUTE]),
            priority=chance.randrange(one_in) == 0,
            behind=chance.choice([0] * 19 + [2]),
        )
        for number in range(400)
    ]
    needed = []
    for _ in range(5):
        start = time.process_time()
        assert len(line(crowd, NINE + 240 * MINUTE)) == 400
        needed.append(time.process_time() - start)
    assert min(needed) < 0.05

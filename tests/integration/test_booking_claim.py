"""The combined claim on a real Postgres: races, batches, and what goes wrong inside one."""

import asyncio

import pytest
from stdnum.cn import ric

from services.booking.combiner import Known
from services.booking.domain import problems
from services.booking.domain.bookings import Booking
from shared import database
from tests.integration.booking_desk import at, matter, new_key, opened, session


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now, pool_size=20) as desk:
        yield desk


async def settle(*claims):
    """What became of each: a booking, the id of a known one, or the problem's class."""
    answers = await asyncio.gather(*claims, return_exceptions=True)
    return [type(each) if isinstance(each, BaseException) else each for each in answers]


def count(answers, kind):
    return sum(each is kind or isinstance(each, kind) for each in answers)


async def live(desk):
    """Live bookings and seats counted as taken."""
    (row,) = await desk.fetch(
        "select (select count(*) from booking where live) as bookings,"
        " (select sum(online_taken + counter_taken) from slot) as taken"
    )
    return row["bookings"], row["taken"]


async def terminate_the_waiting(desk):
    """End the connections that wait for a lock, once there are any."""
    waiting = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    async with asyncio.timeout(10), desk.pool.acquire() as connection:
        while not await connection.fetch(f"select pid {waiting}"):
            await asyncio.sleep(0.01)
        await connection.fetch(f"select pg_terminate_backend(pid) {waiting}")


async def test_twenty_workers_one_seat_one_winner(desk):
    await desk.take(
        session(opening=(("09:00", "14:00"),), rules={"capacity": 1, "counter_seats": 0, "closes_at": at("14:00")})
    )
    workers = [desk.combiner(claim_lines=1) for _ in range(20)]
    connections = [await desk.pool.acquire() for _ in workers]  # all open before the race, which is soon over
    await asyncio.gather(*(desk.pool.release(each) for each in connections))
    for number, slot in enumerate(await desk.slots()):
        people = range(number * 20, number * 20 + 20)
        claims = [desk.claim(slot, person) for person in people]
        answers = await settle(*(each.claim(claim) for each, claim in zip(workers, claims, strict=True)))
        assert count(answers, Booking) == 1
        assert count(answers, problems.SlotFull) == 19
        assert await live(desk) == (number + 1, number + 1)
    assert [row["type"] for row in await desk.outbox()] == ["booking.BookingMade"] * 10


async def test_a_whole_batch_is_one_transaction_and_fills_the_slot(desk):
    await desk.take(session(rules={"capacity": 64, "counter_seats": 0}))
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1)
    answers = await settle(*(combiner.claim(desk.claim(slot, person)) for person in range(1, 65)))
    assert count(answers, Booking) == 64
    rows = await desk.fetch(
        "select count(distinct xmin::text) as transactions, count(distinct seat) as seats from booking"
    )
    assert tuple(rows[0]) == (1, 64)
    assert await live(desk) == (64, 64)
    assert len({row["correlation_id"] for row in await desk.outbox()}) == 64


async def test_a_zero_character_in_the_middle_of_64_fails_alone(desk):
    await desk.take(session(rules={"capacity": 64, "counter_seats": 0}))
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1)
    claims = [desk.claim(slot, person) for person in range(1, 65)]
    bad = desk.claim(slot, 32).__class__
    claims[31] = bad(**{**{name: getattr(claims[31], name) for name in bad.__slots__}, "matter_id": "ho\0use"})
    answers = await settle(*(combiner.claim(each) for each in claims))
    assert count(answers, Booking) == 63
    assert not isinstance(answers[31], Booking)
    assert await live(desk) == (63, 63)


async def test_one_key_twice_in_a_batch_books_once(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1)
    claim = desk.claim(slot, 1)
    answers = await settle(combiner.claim(claim), combiner.claim(claim), combiner.claim(desk.claim(slot, 2)))
    assert isinstance(answers[0], Booking)
    assert answers[1] == Known(answers[0].booking_id)
    assert isinstance(answers[2], Booking), "the second of the pair takes nobody's place"
    assert await live(desk) == (2, 2)


async def test_one_key_at_once_in_several_processes_books_once(desk):
    slot, *_ = await desk.slots()
    claim = desk.claim(slot, 1)
    answers = await settle(*(desk.combiner().claim(claim) for _ in range(8)))
    assert count(answers, Booking) == 1
    assert count(answers, Known) == 7
    assert await live(desk) == (1, 1)


async def test_a_key_with_another_body_is_refused(desk):
    slot, *_ = await desk.slots()
    combiner, key = desk.combiner(), new_key()
    await combiner.claim(desk.claim(slot, 1, key=key))
    with pytest.raises(problems.IdempotencyKeyReused):
        await combiner.claim(desk.claim(slot, 1, key=key, party_size=2))


async def test_one_person_many_times_at_once_books_once(desk):
    first, second = await desk.slots()
    combiners = [desk.combiner() for _ in range(4)]
    answers = await settle(
        *(each.claim(desk.claim(slot, 1)) for each in combiners for slot in (first, second) for _ in range(2))
    )
    assert count(answers, Booking) == 1
    assert count(answers, problems.AlreadyBooked) == 15


async def test_a_persons_times_never_overlap_even_in_a_race(desk):
    await desk.take(matter("clinic", "health"))
    (land, later), (health, _) = await desk.slots("land"), await desk.slots("health")
    for person in range(1, 21):
        one, two = desk.combiner(), desk.combiner()
        answers = await settle(
            one.claim(desk.claim(land, person)), two.claim(desk.claim(health, person, matter_id="clinic"))
        )
        assert count(answers, Booking) == 1, answers
        assert count(answers, problems.TimesOverlap) == 1
        await desk.fetch("delete from booking")
        await desk.fetch("update slot set online_taken = 0")
    combiner = desk.combiner()
    answers = await settle(
        combiner.claim(desk.claim(later, 50)), combiner.claim(desk.claim(health, 50, matter_id="clinic"))
    )
    assert count(answers, Booking) == 2, "two departments in one day are normal"


async def test_a_firm_may_send_several_people_at_once(desk):
    await desk.take(matter("clinic", "health"))
    (land, _), (health, _) = await desk.slots("land"), await desk.slots("health")
    visitor = {"name": "李强", "document": {"type": "credit_code", "number": "91110000600037341L"}}
    combiner = desk.combiner()
    answers = await settle(
        combiner.claim(desk.claim(land, visitor=visitor)),
        combiner.claim(desk.claim(health, matter_id="clinic", visitor=visitor)),
        combiner.claim(desk.claim(land, visitor=visitor)),
    )
    assert count(answers, Booking) == 2
    assert answers[2] is problems.AlreadyBooked


async def test_the_counters_seats_are_its_own(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner()
    online = await settle(*(combiner.claim(desk.claim(slot, person)) for person in (1, 2, 3)))
    assert count(online, Booking) == 2
    assert online[2] is problems.SlotFull
    counter = await settle(*(combiner.claim(desk.claim(slot, person, channel="counter")) for person in (4, 5)))
    assert [each.seat for each in counter if isinstance(each, Booking)] == [65]
    assert counter[1] is problems.SlotFull
    rows = await desk.fetch("select online_taken, counter_taken from slot where slot_id = $1", slot)
    assert tuple(rows[0]) == (2, 1)


async def test_the_counter_may_use_seats_that_are_free_online(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner()
    answers = await settle(*(combiner.claim(desk.claim(slot, person, channel="counter")) for person in (1, 2, 3, 4)))
    assert [each.seat for each in answers[:3]] == [65, 1, 2]
    assert answers[3] is problems.SlotFull


async def test_counter_and_online_share_one_line_in_order(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1)
    answers = await settle(
        *(combiner.claim(desk.claim(slot, p, channel=c)) for p, c in ((1, "online"), (2, "counter"), (3, "online")))
    )
    assert sorted(each.seat for each in answers) == [1, 2, 65]


async def test_a_taken_code_is_replaced(desk, monkeypatch):
    first, second = await desk.slots()
    combiner = desk.combiner()
    one = desk.claim(first, 1)
    booked = await combiner.claim(one)
    two = desk.claim(second, 2)
    object.__setattr__(two, "code", one.code)
    again = await combiner.claim(two)
    assert again.code != booked.code
    assert await live(desk) == (2, 2)


async def test_past_the_queue_the_answer_is_busy_at_once(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1, claim_queue=5)
    answers = await settle(*(combiner.claim(desk.claim(slot, person)) for person in range(1, 21)))
    assert count(answers, problems.Busy) == 15
    assert count(answers, Booking) == 2


async def test_who_waited_too_long_is_told_untried(desk):
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1, claim_patience_seconds=0.2)
    async with database.transaction(desk.pool) as connection:
        await connection.execute("select from slot where slot_id = $1 for update", slot)
        first = asyncio.create_task(combiner.claim(desk.claim(slot, 1)))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(combiner.claim(desk.claim(slot, person))) for person in (2, 3)]
        await asyncio.sleep(0.3)
    answers = await settle(first, *rest)
    assert isinstance(answers[0], Booking)
    assert answers[1:] == [problems.Busy, problems.Busy]


async def test_a_lost_connection_in_a_batch_is_not_a_lost_request(desk):
    await desk.take(session(rules={"capacity": 64, "counter_seats": 0}))
    slot, *_ = await desk.slots()
    combiner = desk.combiner(claim_lines=1)
    async with database.transaction(desk.pool) as connection:
        await connection.execute("select from slot where slot_id = $1 for update", slot)
        tasks = [asyncio.create_task(combiner.claim(desk.claim(slot, person))) for person in range(1, 11)]
        await terminate_the_waiting(desk)
        await asyncio.sleep(0.05)
    answers = await settle(*tasks)
    assert count(answers, Booking) == 10
    assert await live(desk) == (10, 10)


async def test_a_release_is_decided_by_the_countys_clock(desk, set_county_now):
    await desk.take(session(rules={"release_at": at("08:30", days=-3)}))
    slot, *_ = await desk.slots()
    combiner = desk.combiner()
    with pytest.raises(problems.SessionNotReleased) as refused:
        await combiner.claim(desk.claim(slot, 1))
    assert refused.value.extra == {"release_at": at("08:30", days=-3).isoformat()}
    await set_county_now(desk.owner_dsn, at("08:30", days=-3))
    assert await combiner.claim(desk.claim(slot, 1))


async def test_past_closed_and_odd_slots_are_refused(desk, set_county_now):
    first, second = await desk.slots()
    combiner = desk.combiner()
    refusals = {
        "no such slot": (desk.claim(999_999), problems.SlotUnknown),
        "no such matter": (desk.claim(first, matter_id="nothing"), problems.MatterUnknown),
        "another department's": (desk.claim((await desk.slots("health"))[0]), problems.SlotNotForMatter),
        "too many": (desk.claim(first, party_size=6), problems.InvalidRequest),
    }
    for claim, problem in refusals.values():
        with pytest.raises(problem):
            await combiner.claim(claim)
    await desk.take(matter("online", visit="not_needed"))
    with pytest.raises(problems.MatterNeedsNoVisit):
        await combiner.claim(desk.claim(first, matter_id="online"))
    await desk.take(matter("house", withdrawn=True))
    with pytest.raises(problems.MatterUnknown):
        await combiner.claim(desk.claim(first))
    await desk.take(matter("house"))
    await set_county_now(desk.owner_dsn, at("09:00"))
    with pytest.raises(problems.SlotPast):
        await combiner.claim(desk.claim(first))
    assert await combiner.claim(desk.claim(second)), "the next one has not begun"
    await desk.take(session(rules={"closes_at": at("09:00")}))
    with pytest.raises(problems.SessionClosed):
        await combiner.claim(desk.claim(second, 2))


async def test_a_birth_that_is_yet_to_come_is_no_birth(desk):
    slot, *_ = await desk.slots()
    visitor = {"name": "王小宝", "document": {"type": "household_register", "number": "110101202612020016"}}
    number = visitor["document"]["number"][:17]
    visitor["document"]["number"] = number + ric.calc_check_digit(number + "0")
    with pytest.raises(problems.InvalidRequest) as refused:
        await desk.combiner().claim(desk.claim(slot, visitor=visitor))
    assert refused.value.errors[0].code == "document_birth_ahead"

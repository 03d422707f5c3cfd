"""Each thing that staff do leaves one row, with who did it, to what, from where, and not a word of anybody."""

import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared import database
from shared.audit import recording
from shared.identity.tokens import Held, Principal
from tests.integration import booking_desk, queue_hall
from tests.integration.booking_desk import new_key, wish
from tests.integration.queue_hall import API, Hall

DAY = f"{API}/staff/sessions/day"


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


class Rows:
    """The audit's rows that were not looked at yet."""

    def __init__(self, place) -> None:
        self.place = place
        self.seen = 0

    async def fresh(self):
        rows = await self.place.fetch("select * from audit_entry where number > $1 order by number", self.seen)
        self.seen = rows[-1]["number"] if rows else self.seen
        return [(row["action"], row["record_kind"], row["record_id"]) for row in rows]

    async def last(self):
        (row,) = await self.place.fetch("select * from audit_entry order by number desc limit 1")
        return row


async def test_every_verb_of_a_day_leaves_one_row(hall: Hall):
    rows = Rows(hall)
    assert [each[0] for each in await rows.fresh()] == ["window.open"] * 3
    first = (await hall.walk_in(name="王桂兰")).json()["ticket_id"]
    assert await rows.fresh() == [("ticket.walked_in", "ticket", first)]
    _, code = await hall.booked("09:00")
    second = (await hall.check_in(code)).json()["ticket_id"]
    assert await rows.fresh() == [("ticket.checked_in", "ticket", second)]
    done = {
        "attend": {"attendance": "present"},
        "pause": {"reason": "王桂兰要喝水"},
        "open": {},
    }
    for verb, body in done.items():
        await hall.do("w1", verb, **body)
        assert await rows.fresh() == [(f"window.{verb}", "window", "w1")]
    for verb, ticket in (("call-next", second), ("recall", second), ("start", second), ("hold", second)):
        await hall.do("w1", verb)
        assert await rows.fresh() == [(f"window.{verb.replace('-', '_')}", "ticket", ticket)]
    await hall.do("w1", "resume", ticket_id=second)
    await hall.finish(problems=[{"text": "王桂兰说电话是13800138000", "settled": "handed_on"}])
    await hall.do("w1", "undo")
    await hall.finish()
    assert [each[0] for each in await rows.fresh()] == [
        "window.resume", "window.finish", "window.undo", "window.finish"
    ]  # fmt: skip
    await hall.do("w1", "call", ticket_id=first)
    await hall.do("w1", "unanswered")
    await hall.do("w1", "call", ticket_id=first)
    await hall.do("w1", "transfer", window_id="w3")
    assert [each[0] for each in await rows.fresh()] == [
        "window.call", "window.unanswered", "window.call", "window.transfer"
    ]  # fmt: skip
    assert json.loads((await rows.last())["details"]) == {"session": "day", "window": "w1", "window_id": "w3"}
    posts = [
        (f"{DAY}/windows/w1/findings", {"text": "王桂兰", "settled": "on_the_spot"}, "finding.noted"),
        (f"{DAY}/windows/w1/decisions", {"text": "王桂兰", "scope": "全村"}, "finding.decided"),
        (f"{DAY}/tickets/{first}/room", {"room": None}, None),
        (f"{DAY}/tickets/{first}/close", {"reason": "left"}, "ticket.closed"),
    ]
    for path, body, action in posts:
        answer = await hall.http.post(path, json=body)
        if action is None:
            await rows.fresh()
            continue
        assert answer.is_success, answer.text
        assert [each[0] for each in await rows.fresh()] == [action]
    await hall.at("17:30")
    for window in ("w1", "w2", "w3"):
        await hall.do(window, "close")
        await hall.do(window, "confirm", by="王桂兰")
    assert [each[0] for each in await rows.fresh()] == ["window.close", "window.confirm"] * 3
    assert (await hall.http.post(f"{DAY}/closing", json={"by": "王桂兰"})).status_code == 201
    assert await rows.fresh() == [("day.signed", "session", "day")]
    correction = {"by": "王桂兰", "reason": "看错了", "persons": 2}
    corrected = await hall.http.post(f"{DAY}/tickets/{second}/corrections", json=correction)
    assert corrected.status_code == 201, corrected.text
    assert await rows.fresh() == [("visit.corrected", "ticket", second)]
    for path, action in (
        (f"visits/{second}", "visit.read"),
        (f"tickets/{second}/notice", "ticket.notice_read"),
        ("sheet.xlsx", "sheet.exported"),
    ):
        assert (await hall.http.get(f"{DAY}/{path}")).status_code == 200
        assert [each[0] for each in await rows.fresh()] == [action]
    everything = str([tuple(row) for row in await hall.fetch("select * from audit_entry")])
    for said in ("王桂兰", "13800138000", "看错了", "全村", "喝水"):
        assert said not in everything
    async with database.transaction(hall.pool) as connection:
        assert (await recording.verify(connection)).broken_at is None


async def test_whose_phone_is_shown_to_call_stands_in_the_audit(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    rows = Rows(hall)
    await hall.do("w1", "attend", attendance="away", reason="开会")
    await hall.do("w2", "attend", attendance="away", reason="开会")
    await rows.fresh()
    promises = f"{DAY}/windows/w1/promises"
    await hall.http.get(promises)
    assert await rows.fresh() == [], "nobody was shown"
    issue = {"choice": "written_issue", "text": "少写了车库", "phone": "13900002741"}
    assert (await hall.http.post(f"{API}/tickets/{token}/choice", json=issue)).status_code == 200
    assert "13900002741" in (await hall.http.get(promises)).text
    assert await rows.fresh() == [("promises.read", "window", "w1")]


async def test_what_is_refused_and_what_citizens_do_leaves_none(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    rows = Rows(hall)
    await rows.fresh()
    assert (await hall.ask("w1", "start")).status_code == 409
    assert (await hall.ask("w1", "call-next", version=999)).status_code == 409
    assert (await hall.http.post(f"{API}/tickets/{token}/leave")).status_code == 200
    await hall.desk()
    assert await rows.fresh() == []


async def test_a_row_names_whoever_is_signed_in_and_the_routes_own_path(hall: Hall, settings_env, monkeypatch):
    running = hall.http._transport.app.state.runtime
    now = datetime.now(UTC)
    who = Principal(
        "acc-1", "ses-1", "staff", now, now + timedelta(minutes=1), (Held(role="window_staff", venue_id="hall"),),
        official_id="zhou",
    )  # fmt: skip

    async def principal(_):
        return who

    monkeypatch.setattr(running.recognition, "principal", principal)
    hall.http.headers.update({"X-Service-Secret": settings_env["SERVICE_SECRET"], "X-Client-Address": "10.1.2.3"})
    await hall.walk_in()
    row = await Rows(hall).last()
    assert (row["actor"], row["official_id"], row["held"]) == ("acc-1", "zhou", ["window_staff@@hall"])
    assert (row["address"], row["client"]) == ("10.1.2.3", "pages")
    assert row["path"] == "POST /api/queue/v1/staff/sessions/{session_id}/walk-ins"


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def test_what_the_counter_does_for_somebody_leaves_one_row_each(desk):
    rows = Rows(desk)
    (slot, *_) = await desk.slots()
    async with booking_desk.running(desk) as http:

        async def post(path, body, **headers):
            answer = await http.post(f"/api/booking/v1/{path}", json=body, headers=headers)
            assert answer.is_success, answer.text
            return answer.json()

        online = await post("bookings", wish(slot, 1), **{"Idempotency-Key": new_key()})
        assert await rows.fresh() == [], "a citizen's own booking is told by its event"
        key = new_key()
        made = await post("staff/bookings", wish(slot, 2), **{"Idempotency-Key": key})
        assert await rows.fresh() == [("booking.made", "booking", made["booking_id"])]
        row = await rows.last()
        assert (row["actor"], row["path"]) == ("a1", "POST /api/booking/v1/staff/bookings"), "not of the batch"
        await post("staff/bookings", wish(slot, 2), **{"Idempotency-Key": key})
        assert await rows.fresh() == [], "it was made once"
        await post("staff/bookings/lookup", {"code": online["code"]})
        assert await rows.fresh() == [("booking.looked_up", "booking", online["booking_id"])]
        await post("staff/bookings/cancel", {"code": online["code"]})
        assert await rows.fresh() == [("booking.cancelled", "booking", online["booking_id"])]
    assert (await rows.last())["path"] == "POST /api/booking/v1/staff/bookings/cancel"


async def audit(hall: Hall, **wanted):
    answer = await hall.http.get(f"{API}/staff/audit", params=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_the_audit_is_read_by_number_and_filtered(hall: Hall):
    tickets = [(await hall.walk_in()).json()["ticket_id"] for _ in range(3)]
    everything = await audit(hall)
    assert [each["number"] for each in everything["items"]] == [6, 5, 4, 3, 2, 1]
    assert not everything["more"]
    assert (everything["chain"]["verified_to"], everything["chain"]["complete"]) == (6, True)
    page = await audit(hall, before=5, limit=2)
    assert ([each["number"] for each in page["items"]], page["more"]) == ([4, 3], True)
    assert [each["number"] for each in (await audit(hall, action="window.open"))["items"]] == [3, 2, 1]
    one = await audit(hall, record_kind="ticket", record_id=tickets[1])
    assert [each["number"] for each in one["items"]] == [5]
    assert (await audit(hall, actor="nobody-of-ours"))["items"] == []
    fifth = everything["items"][1]["at"]
    assert [each["number"] for each in (await audit(hall, **{"from": fifth}))["items"]] == [6, 5]
    assert [each["number"] for each in (await audit(hall, to=fifth))["items"]] == [4, 3, 2, 1]
    for wrong in ({"limit": 0}, {"before": 0}, {"from": "yesterday"}, {"actor": "a\x00b"}, {"who": "x"}):
        assert (await hall.http.get(f"{API}/staff/audit", params=wrong)).status_code == 422, wrong


async def test_a_damaged_chain_is_shown_with_the_audit(hall: Hall):
    await hall.walk_in()
    await hall.fetch("update audit_entry set actor = 'somebody' where number = 2")
    chain = (await audit(hall))["chain"]
    assert (chain["verified_to"], chain["broken_at"]) == (1, 2)


async def test_taking_the_audit_away_stands_in_it(hall: Hall):
    answer = await hall.http.post(f"{API}/staff/audit/exports", json={"action": "window.open"})
    assert [each["number"] for each in answer.json()["items"]] == [3, 2, 1]
    last = await Rows(hall).last()
    assert last["action"] == "audit.exported"
    assert json.loads(last["details"]) == {"rows": 3, "wanted_action": "window.open"}


# The one key that shows a document's number.


@pytest.fixture
async def served(hall: Hall, desk, monkeypatch):
    """A visitor of a real booking who was checked in, and both services."""
    (slot, *_) = await desk.slots()
    async with booking_desk.running(desk) as booking:
        made = await booking.post(
            "/api/booking/v1/bookings", json=wish(slot, 7), headers={"Idempotency-Key": new_key()}
        )
        assert made.status_code == 201, made.text
        transport = booking._transport
        monkeypatch.setattr(hall.http._transport.app.state.runtime, "http", httpx.AsyncClient(transport=transport))
        known = made.json()
        booked, code = await hall.booked("09:30", booking_id=known["booking_id"])
        ticket = (await hall.check_in(code)).json()["ticket_id"]
        assert booked.booking_id == known["booking_id"]
        yield ticket, Rows(desk)


async def unmask(hall: Hall, ticket: str, window: str = "w1", **changes):
    body = {"ticket_id": ticket, "reason": "form", **changes}
    return await hall.http.post(f"{DAY}/windows/{window}/document", json=body)


async def test_the_window_that_serves_sees_the_number_once_and_it_is_recorded(hall: Hall, served, capsys):
    ticket, at_booking = served
    rows = Rows(hall)
    await hall.do("w1", "call-next")
    await rows.fresh()
    await at_booking.fresh()
    for verb in ("called", "serving"):
        answer = await unmask(hall, ticket)
        assert answer.status_code == 200, (verb, answer.text)
        assert answer.json()["document"] == booking_desk.resident_id(7)
        assert answer.headers["cache-control"] == "no-store"
        assert await rows.fresh() == [("document.unmasked", "ticket", ticket)]
        assert [each[:2] for each in await at_booking.fresh()] == [("document.given", "booking")]
        if verb == "called":
            await hall.do("w1", "start")
            await rows.fresh()
    details = json.loads((await rows.last())["details"])
    assert (details["reason"], details["ticket"], details["window"]) == ("form", "A001", "w1")
    number = booking_desk.resident_id(7)
    for table in ("audit_entry", "outbox", "step", "ticket", "card"):
        assert number not in str([tuple(row) for row in await hall.fetch(f"select * from {table}")])
    told = capsys.readouterr()
    assert number not in told.out + told.err


async def test_nobody_else_sees_it_and_booking_is_not_even_asked(hall: Hall, served):
    ticket, at_booking = served
    await at_booking.fresh()

    async def refused(window="w1", code="document_masked", status=409, **changes):
        answer = await unmask(hall, ticket, window, **changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "document" not in answer.json()

    await refused()  # waits
    await hall.do("w1", "call-next")
    await refused("w2")  # another window
    await refused("w3")
    await refused(reason="curiosity", code="invalid_request", status=422)
    await refused(ticket_id=str(uuid.uuid4()), code="ticket_unknown", status=404)
    await hall.do("w1", "start")
    await hall.do("w1", "hold")
    await refused()  # held
    await hall.do("w1", "resume", ticket_id=ticket)
    await hall.finish()
    await refused()  # finished
    rows = await hall.fetch("select * from audit_entry where action = 'document.unmasked'")
    assert rows == []
    assert await at_booking.fresh() == []


async def test_only_the_window_that_serves_sees_the_full_name_and_no_view_the_number(hall: Hall, served):
    ticket, _ = served
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    mine = await hall.desk()
    assert mine["at"]["visitor"].pop("name") == "王桂兰"
    views = [str(mine), str(await hall.desk("w2")), str(await hall.desk("w3"))]
    paths = ["", "/closing", "/visits", f"/visits/{ticket}", f"/tickets/{ticket}/notice", "/windows/w1/promises"]
    for path in [f"{DAY}{each}" for each in paths] + [f"{API}/staff/today", f"{API}/sessions/day/screen"]:
        answer = await hall.http.get(path)
        assert answer.status_code == 200, path
        views.append(answer.text)
    sheet = await hall.http.get(f"{DAY}/sheet.xlsx")
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        views += [book.read(each).decode() for each in book.namelist()]
    assert "A001" in "".join(views)
    for view in views:
        assert "桂兰" not in view
        assert booking_desk.resident_id(7) not in view


async def test_a_number_that_cannot_be_recorded_is_not_shown(hall: Hall, served):
    ticket, _ = served
    await hall.do("w1", "call-next")
    await hall.fetch("revoke insert on audit_entry from queue_runtime")
    with pytest.raises(Exception, match="permission denied"):
        await unmask(hall, ticket)


async def test_a_walk_in_left_no_number_and_booking_may_be_away(hall: Hall, served, monkeypatch):
    ticket, _ = served
    walked = (await hall.walk_in("advice")).json()["ticket_id"]
    await hall.do("w3", "call-next")
    answer = await unmask(hall, walked, "w3")
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_kept")
    await hall.do("w1", "call-next")

    def away(_):
        raise httpx.ConnectError("away")

    monkeypatch.setattr(
        hall.http._transport.app.state.runtime, "http", httpx.AsyncClient(transport=httpx.MockTransport(away))
    )
    answer = await unmask(hall, ticket)
    assert (answer.status_code, answer.json()["code"]) == (409, "document_away")
    assert await hall.fetch("select * from audit_entry where action = 'document.unmasked'") == []

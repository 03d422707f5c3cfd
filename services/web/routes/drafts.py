"""The steps of one walk: who comes, all of it once more, another time, and what did not work.

Each step posts to its own address and is answered by a way on, never by a page; each page is opened by GET and shows
what the browser keeps. A form's details are judged before the check page, by booking where it can be asked. The
seat is taken on the check page; where it went to somebody else by then, other times are offered.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Response

from services.web.addresses import ID_CHARACTERS, DraftId, Id
from services.web.domain import (
    BookableSession,
    Session,
    Slot,
    by_window,
    first_unreleased,
    lookup_digits,
    next_slot,
)
from services.web.drafts import Draft, Told, go_on, keep_draft, kept_draft, open_draft, party_size_max, told
from services.web.forms import LABELS, LONGEST, Details, Unreadable, found_by_booking, has_controls, whole_number
from services.web.pages import NotThere, OpenPage, Page
from services.web.people import Persons
from services.web.preferences import remember
from services.web.queries import Choice, or_none
from services.web.refusals import AWAY_WITH_FORM, Refusal, Way, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import Held
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow
from shared.notices import CURRENT

logger = structlog.get_logger(__name__)
router = APIRouter(
    prefix="/book/{matter_id}/drafts/{draft_id}", include_in_schema=False, dependencies=[allow(Caller.CITIZEN)]
)

PERSON_CHARACTERS = 80
"""Two ids and what stands between them."""
DAYS_WITH_TIMES = 3
"""When another time has to be found: so many days at once."""
DAY_REFUSED = frozenset({"already_booked", "session_not_released", "session_closed"})
"""What is so of the whole session: none of its times would do."""


@router.get("/details")
async def details(matter_id: Id, draft_id: DraftId, page: Page = OpenPage) -> Response:
    """谁来办? The form as it was typed, with what is wrong beside its fields; once typed, also without its time."""
    draft = open_draft(page, matter_id, draft_id)
    begun = draft.typed or draft.details != Details()
    chosen = await (_choice_or_away(page, draft) if begun else _free_choice(page, draft))
    session = chosen.session if chosen else None
    findings = draft.findings(page, session)
    channels, persons = await asyncio.gather(page.queries.channels(), _persons(page))
    return page.show(
        "details.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else HTTPStatus.OK,
        personal=True,
        draft=draft,
        chosen=chosen,
        findings=findings,
        labels=LABELS,
        longest=LONGEST,
        party_size_max=party_size_max(session),
        mail=channels.mail,
        persons=persons,
    )


@router.post("/details")
async def take_details(
    matter_id: Id, draft_id: DraftId, page: Page = OpenPage, posted: Posted = PostedForm
) -> Response:
    """Keep what was typed, judge it, and go on to the check page, or back to what has to be mended.

    Where another language or size was asked for, the same form is shown in it, as far as it was typed.
    """
    before = kept_draft(page, matter_id, draft_id)
    if before is not None and before.booked:
        return page.go("/bookings")
    # The form names its time itself: who thought about it for longer than the browser keeps the walk loses nothing.
    session_id, slot_id = _picked(posted.get("session"), posted.get("slot"))
    draft = Draft(
        matter_id=matter_id,
        draft_id=draft_id,
        session_id=session_id,
        slot_id=slot_id,
        details=Details.of(posted.fields),
        person=posted.get("person")[:PERSON_CHARACTERS] if page.citizen else "",
        typed=True,
    )
    if posted.get("switch"):
        unjudged = before is None or not before.typed
        response = go_on(page, draft.model_copy(update={"typed": not unjudged}), "details")
        remember(page.site.cookies, page.request, response, dict(parse_qsl(posted.get("switch"))))
        return response
    try:
        draft = await _filled(page, draft)
    except Unavailable:
        return _go_and_tell(page, draft, Told(code="away_persons", status=HTTPStatus.SERVICE_UNAVAILABLE))
    errors, session = await asyncio.gather(
        page.commands.check(draft.booking_body(page.language.code)), page.queries.session_or_none(session_id)
    )
    draft = draft.judged(errors)
    return go_on(page, draft, "details" if draft.findings(page, session) else "check")


@router.get("/check")
async def check(matter_id: Id, draft_id: DraftId, page: Page = OpenPage) -> Response:
    """核对一遍."""
    draft = open_draft(page, matter_id, draft_id)
    chosen = await _free_choice(page, draft)
    if not draft.typed or draft.findings(page, chosen.session):
        return page.go(draft.address("details"))
    return page.show("check.html", personal=True, draft=draft, chosen=chosen, key=_key(page, draft), notice=CURRENT)


@router.post("/check")
async def book(matter_id: Id, draft_id: DraftId, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Take the seat. The same form sent twice is the same booking."""
    draft = open_draft(page, matter_id, draft_id)
    if not posted.is_fresh:
        return _go_and_tell(page, draft, Told(code="form_expired", status=HTTPStatus.OK))
    # The key names what the visitor saw; changed in another tab meanwhile, it has to be looked at first.
    key = _key(page, draft)
    session = await page.queries.session_or_none(draft.session_id)
    if posted.get("key") != key or not draft.typed or draft.slot_id is None or draft.findings(page, session):
        return page.go(draft.address("check"))
    try:
        booking = await page.commands.book(draft.booking_body(page.language.code), key)
    except Unavailable:
        return _go_and_tell(page, draft, Told(code="away_while_booking", status=HTTPStatus.SERVICE_UNAVAILABLE))
    except Refused as refused:
        findings, stray = found_by_booking(refused.errors, draft.details, page.language)
        if findings and not stray:
            return go_on(page, draft.judged(refused.errors), "details")
        return _go_and_tell(
            page, draft, Told(code=refused.code, status=refused.status, retry_after=refused.retry_after)
        )
    response = keep_draft(page, Draft(matter_id=matter_id, draft_id=draft_id, booked=True), page.go("/bookings"))
    digits = lookup_digits(booking, draft.details.document_number, draft.details.phone)
    page.site.cookies.set_voucher(page.request, response, Held(booking.booking_id, booking.code, digits))
    return response


@router.get("/times")
async def times(matter_id: Id, draft_id: DraftId, page: Page = OpenPage) -> Response:
    """Another time for the same matter, with all that was typed."""
    draft = open_draft(page, matter_id, draft_id)
    try:
        return await _show_times(page, draft, None)
    except Unavailable:
        return _tell_and_offer_again(page, draft)


@router.post("/times")
async def take_time(matter_id: Id, draft_id: DraftId, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Keep the time that was picked: `pick` names session and slot in one, for several days are offered."""
    draft = open_draft(page, matter_id, draft_id)
    session_id, _, slot = posted.get("pick").rpartition("/")
    session_id, slot_id = _picked(session_id, slot)
    return go_on(page, draft.model_copy(update={"session_id": session_id, "slot_id": slot_id, "told": None}), "check")


@router.get("/refused")
async def refused_page(matter_id: Id, draft_id: DraftId, page: Page = OpenPage) -> Response:
    """What booking said, and the way on with everything typed."""
    draft = open_draft(page, matter_id, draft_id)
    if draft.told is None:
        return page.go(draft.address("check"))
    because = refusal(draft.told.code)
    if because.way is Way.TIMES:
        try:
            return await _show_times(page, draft, because, draft.told.status)
        except (Unavailable, Refused) as error:
            logger.warning("refusal_told_without_its_page", code=draft.told.code, error=type(error).__name__)
    return told(page, draft.told.model_copy(update={"matter_id": matter_id}), draft=draft, key=_key(page, draft))


async def _persons(page: Page) -> Persons:
    """Whom the citizen may choose; nobody while that cannot be told, for all of it can be typed as well."""
    if page.citizen is None:
        return Persons()
    try:
        return await or_none(page.queries.persons()) or Persons()
    except Refused:
        return Persons()


async def _filled(page: Page, draft: Draft) -> Draft:
    """The draft with the chosen person's details; with what was typed where nobody is chosen, or nobody knows them."""
    if not draft.person:
        return draft
    person_id, _, document_id = draft.person.partition("/")
    try:
        return draft.with_card(await page.queries.person_card(person_id, document_id))
    except Refused as refused:
        logger.info("person_not_filled", code=refused.code)
        return draft.model_copy(update={"person": ""})


def _picked(session_id: str, slot: str) -> tuple[str, int | None]:
    """Session and slot of a form. Raises Unreadable where the session is none that a page of ours has sent."""
    if not 0 < len(session_id) <= ID_CHARACTERS or has_controls(session_id):
        raise Unreadable
    return session_id, whole_number(slot)


def _key(page: Page, draft: Draft) -> str:
    return page.site.cookies.idempotency_key(draft.draft_id, draft.booking_body(page.language.code))


async def _choice(page: Page, draft: Draft) -> Choice | None:
    """What was chosen, or None where there is no such slot any more."""
    matter, slots, session = await asyncio.gather(
        page.queries.matter(draft.matter_id),
        page.queries.slots(draft.session_id, draft.matter_id),
        page.queries.session_or_none(draft.session_id),
    )
    slot = slots.find(draft.slot_id) if draft.slot_id is not None else None
    return Choice(matter, draft.session_id, session, slot) if slot else None


async def _choice_or_away(page: Page, draft: Draft) -> Choice | None:
    """What was chosen, free or not. Raises NotThere where booking is away."""
    try:
        return await _choice(page, draft)
    except Unavailable:
        raise NotThere(_tell_and_offer_again(page, draft)) from None


async def _free_choice(page: Page, draft: Draft) -> Choice:
    """What was chosen and is still free. Raises NotThere, which offers other times or says that booking is away."""
    try:
        chosen = await _choice(page, draft)
        if chosen is not None and chosen.slot.free > 0:
            return chosen
        response = await _show_times(page, draft, refusal("slot_unknown" if chosen is None else "slot_full"))
    except Unavailable:
        response = _tell_and_offer_again(page, draft)
    raise NotThere(response)


def _go_and_tell(page: Page, draft: Draft, what: Told) -> Response:
    return go_on(page, draft.model_copy(update={"told": what}), "refused")


def _tell_and_offer_again(page: Page, draft: Draft) -> Response:
    """Booking is away while a page is opened, which can be opened again."""
    return page.tell(AWAY_WITH_FORM, HTTPStatus.SERVICE_UNAVAILABLE, matter_id=draft.matter_id, draft=draft)


async def _show_times(page: Page, draft: Draft, because: Refusal | None, status: int = HTTPStatus.CONFLICT) -> Response:
    """Free times of the chosen day and the next ones; `because` says why another one is needed."""
    matter, bookable = await asyncio.gather(
        page.queries.matter(draft.matter_id), page.queries.bookable(draft.matter_id)
    )
    refused = draft.told.code if draft.told else ""
    open_days = [
        each
        for each in bookable.items
        if each.state == "open"
        and each.free > 0
        and not (refused in DAY_REFUSED and each.session_id == draft.session_id)
    ]
    open_days.sort(key=lambda each: (each.session_id != draft.session_id, each.date))
    found = await asyncio.gather(*(_day(page, draft, each) for each in open_days[:DAYS_WITH_TIMES]))
    days = [each for each in found if each.windows]
    return page.show(
        "times.html",
        status if because else HTTPStatus.OK,
        personal=True,
        draft=draft,
        matter=matter,
        because=because,
        days=days,
        picked=next_slot(days[0].slots, days[0].asked) if days else None,
        next_release=first_unreleased(bookable.items),
        now=bookable.now,
    )


@dataclass(frozen=True)
class _Day:
    """A day with times that may be picked."""

    bookable: BookableSession
    session: Session | None
    slots: list[Slot]
    asked: Slot | None
    """Of this day the slot that was chosen before, free or not."""

    @property
    def windows(self) -> dict[str, list[Slot]]:
        """Its slots by window."""
        return by_window(self.slots, self.session)


async def _day(page: Page, draft: Draft, bookable: BookableSession) -> _Day:
    found, session = await asyncio.gather(
        page.queries.slots(bookable.session_id, draft.matter_id), page.queries.session_or_none(bookable.session_id)
    )
    is_chosen = bookable.session_id == draft.session_id
    asked = found.find(draft.slot_id) if is_chosen and draft.slot_id is not None else None
    free = [each for each in found.items if each.free > 0]
    if asked and draft.told and draft.told.code == "times_overlap":
        free = [each for each in free if each.starts_at >= asked.ends_at or each.ends_at <= asked.starts_at]
    return _Day(bookable, session, free, asked)

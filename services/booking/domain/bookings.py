"""A booking, who it is for, and what is shown of it to whom."""

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any, Literal, Protocol, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.booking.domain import codes, problems
from services.booking.domain.requests import BookingRequest, Correction, Proxy
from shared.documents import DocumentType, birth_date
from shared.events import booking as events
from shared.privacy import mask_name, mask_number
from shared.visitors import Document, takes_texts

State = Literal["confirmed", "to_confirm", "cancelled"]
Reason = Literal["visitor", "session_cancelled", "session_moved", "window_closed"]

_PAIRS = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容"
    "仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐"
    "段干百里呼延东郭南门羊舌微生梁丘左丘东门西门第五单于淳于"
)
COMPOUND_SURNAMES = frozenset(_PAIRS[at : at + 2] for at in range(0, len(_PAIRS), 2))


class Row(Protocol):
    """Whatever has columns by name."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""
        ...


@dataclass(frozen=True, slots=True)
class Booking:
    """A seat taken, without anything that names its visitor. `cancel_until` is the session's of now."""

    booking_id: UUID
    version: int
    slot_id: int
    seat: int
    session_id: str
    venue_id: str
    window_id: str
    department_id: str
    matter_id: str
    starts_at: datetime
    ends_at: datetime
    channel: Literal["online", "counter"]
    party_size: int
    by_proxy: bool
    language: Literal["zh", "en"]
    raised_before: bool | None
    state: State
    reason: Reason | None
    booked_at: datetime
    cancelled_at: datetime | None
    cancel_until: datetime | None
    code: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a row that may have further columns."""
        return cls(**{name: row[name] for name in BOOKING_FIELDS})

    def public(self) -> events.Booking:
        """The state as events tell it."""
        return events.Booking(
            booking_id=str(self.booking_id),
            session_id=self.session_id,
            venue_id=self.venue_id,
            window_id=self.window_id,
            department_id=self.department_id,
            matter_id=self.matter_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            party_size=self.party_size,
            channel=self.channel,
            by_proxy=self.by_proxy,
            language=self.language,
            state=self.state,
            reason=self.reason,
            booked_at=self.booked_at,
            cancelled_at=self.cancelled_at,
        )


BOOKING_FIELDS = tuple(field.name for field in fields(Booking))


@dataclass(frozen=True, slots=True)
class Person:
    """What is encrypted at rest: never in an event, a log or an address."""

    name: str
    document_type: DocumentType | None
    document: str | None
    phone: str | None
    email: str | None
    proxy: Proxy | None
    note: str | None

    @classmethod
    def of(cls, request: BookingRequest) -> Self:
        """The person of a request."""
        visitor = request.visitor
        return cls(
            name=visitor.name,
            document_type=visitor.document.type if visitor.document else None,
            document=visitor.document.number if visitor.document else None,
            phone=visitor.phone,
            email=visitor.email,
            proxy=request.proxy,
            note=request.note,
        )

    def reachable_phone(self) -> str | None:
        """The visitor's phone, else that of whoever booked for them."""
        return self.phone or (self.proxy.phone if self.proxy else None)

    def born_on(self) -> date | None:
        """The date of birth that the document tells."""
        return birth_date(self.document_type, self.document) if self.document_type and self.document else None

    def opened_by(self, digits: str) -> bool:
        """Whether the digits are the last four of the document, the phone or the proxy's phone."""
        numbers = (self.document, self.phone, self.proxy.phone if self.proxy else None)
        return digits in [number[-4:] for number in numbers if number]


class BookingView(BaseModel):
    """A booking as its visitor sees it. Numbers are masked; the code is theirs to keep."""

    booking_id: str
    code: str
    state: State
    reason: Reason | None
    session_id: str
    window_id: str
    department_id: str
    matter_id: str
    starts_at: datetime
    ends_at: datetime
    cancel_until: datetime | None
    party_size: int
    name_masked: str
    surname: str
    document_masked: str | None
    phone_masked: str | None
    phone_takes_texts: bool
    """False for a landline and where there is no phone."""
    email_masked: str | None
    by_proxy: bool
    note: str | None
    language: Literal["zh", "en"]
    booked_at: datetime
    came: bool | None = None
    """Whether somebody came for it; None as long as nobody knows."""
    previous_starts_at: datetime | None
    """Of a booking to be agreed to the time that the visitor last agreed to, where it is another."""
    version: int


def view(
    booking: Booking, person: Person, *, came: bool | None = None, previous_starts_at: datetime | None = None
) -> BookingView:
    """What the visitor is shown: the same for the same booking, whenever it is asked for."""
    phone = person.reachable_phone()
    return BookingView(
        booking_id=str(booking.booking_id),
        code=codes.spoken(booking.code),
        state=booking.state,
        reason=booking.reason,
        session_id=booking.session_id,
        window_id=booking.window_id,
        department_id=booking.department_id,
        matter_id=booking.matter_id,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        cancel_until=booking.cancel_until,
        party_size=booking.party_size,
        name_masked=mask_name(person.name),
        surname=surname(person.name),
        document_masked=mask_number(person.document) if person.document else None,
        phone_masked=mask_number(phone) if phone else None,
        phone_takes_texts=phone is not None and takes_texts(phone),
        email_masked=_mask_email(person.email) if person.email else None,
        by_proxy=booking.by_proxy,
        note=person.note,
        language=booking.language,
        booked_at=booking.booked_at,
        came=came,
        previous_starts_at=previous_starts_at if previous_starts_at != booking.starts_at else None,
        version=booking.version,
    )


def _mask_email(address: str) -> str:
    """The first letter and the host: enough for whoever gave it to know it again."""
    return f"{address[:1]}***@{address.rpartition('@')[2]}"


class WindowBooking(BaseModel):
    """A booking as the staff of the window see it the day before."""

    booking_id: str
    starts_at: datetime
    ends_at: datetime
    name_masked: str
    surname: str
    document_last4: str | None
    matter_id: str
    party_size: int
    note: str | None
    raised_before: bool | None
    state: State
    by_proxy: bool


def window_booking(booking: Booking, person: Person) -> WindowBooking:
    """What a window's list shows of a booking."""
    return WindowBooking(
        booking_id=str(booking.booking_id),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        name_masked=mask_name(person.name),
        surname=surname(person.name),
        document_last4=person.document[-4:] if person.document else None,
        matter_id=booking.matter_id,
        party_size=booking.party_size,
        note=person.note,
        raised_before=booking.raised_before,
        state=booking.state,
        by_proxy=booking.by_proxy,
    )


class DocumentNumber(BaseModel):
    """What a document says of who somebody is; both are empty where none was shown."""

    kind: DocumentType | None
    number: str | None


class ProxyCard(BaseModel):
    """Whoever booked for the visitor."""

    name: str
    phone: str | None


class VisitorCard(BaseModel):
    """What another service needs to reach the visitor; kept encrypted there, and only while needed."""

    booking_id: str
    name: str
    phone: str | None
    """The visitor's, else the proxy's."""
    phone_takes_texts: bool
    email: str | None
    language: Literal["zh", "en"]
    code: str
    surname: str
    document_last4: str | None
    document_key: str | None
    """The blind index of the document, hexadecimal: equal for equal documents in every service."""
    born_on: date | None
    """The visitor's date of birth, where the document tells it."""
    note: str | None
    raised_before: bool | None
    state: State
    version: int
    party_size: int
    cancel_until: datetime | None
    proxy: ProxyCard | None


class VisitorCards(BaseModel):
    """The cards of those bookings that are there; who is gone or anonymous is left out."""

    items: list[VisitorCard]


def visitor_card(booking: Booking, person: Person, document_key: bytes | None) -> VisitorCard:
    """The card of a booking."""
    phone = person.reachable_phone()
    return VisitorCard(
        booking_id=str(booking.booking_id),
        name=person.name,
        phone=phone,
        phone_takes_texts=phone is not None and takes_texts(phone),
        email=person.email,
        language=booking.language,
        code=codes.spoken(booking.code),
        surname=surname(person.name),
        document_last4=person.document[-4:] if person.document else None,
        document_key=document_key.hex() if document_key else None,
        born_on=person.born_on(),
        note=person.note,
        raised_before=booking.raised_before,
        state=booking.state,
        version=booking.version,
        party_size=booking.party_size,
        cancel_until=booking.cancel_until,
        proxy=ProxyCard(name=person.proxy.name, phone=person.proxy.phone) if person.proxy else None,
    )


def surname(name: str) -> str:
    """How to address somebody: 欧阳 of 欧阳修, 王 of 王桂兰, the first word of a name in letters."""
    if name.isascii() or " " in name:
        return name.split(" ", maxsplit=1)[0]
    if len(name) > 2 and name[:2] in COMPOUND_SURNAMES:  # noqa: PLR2004  (two characters and a given name)
        return name[:2]
    return name[:1]


def check_cancellable(booking: Booking, now: datetime) -> None:
    """Raises BookingAlreadyCancelled or CancelTooLate. Whoever was moved may decline until the slot begins."""
    if booking.state == "cancelled":
        raise problems.BookingAlreadyCancelled
    until = booking.starts_at
    if booking.state == "confirmed" and booking.cancel_until is not None:
        until = min(until, booking.cancel_until)
    if now > until:
        raise problems.CancelTooLate


def check_agreeable(booking: Booking, now: datetime) -> bool:
    """Whether there is anything to agree to. Raises BookingAlreadyCancelled or SlotPast."""
    if booking.state == "cancelled":
        raise problems.BookingAlreadyCancelled
    if booking.state == "to_confirm" and booking.starts_at <= now:
        raise problems.SlotPast
    return booking.state == "to_confirm"


def born_at(document: Document | None, zone: ZoneInfo) -> datetime | None:
    """When the day begins, in the county, on which a document's holder was born; None where it does not say."""
    born_on = birth_date(document.type, document.number) if document else None
    return None if born_on is None else datetime.combine(born_on, time.min, zone)


def check_correctable(booking: Booking, wish: Correction, now: datetime, zone: ZoneInfo) -> None:
    """Raises BookingAlreadyCancelled, SlotPast, or InvalidRequest for a document of somebody not yet born."""
    if booking.state == "cancelled":
        raise problems.BookingAlreadyCancelled
    if booking.starts_at <= now:
        raise problems.SlotPast
    born = born_at(wish.document, zone)
    if born is not None and born > now:
        detail = "the number holds a date of birth that is yet to come"
        raise problems.InvalidRequest.of("/document/number", "document_birth_ahead", detail)

"""What a visitor has done by booking, and the hall by the queue: each a request of its own, judged there."""

from dataclasses import dataclass
from typing import Any, Literal

from services.web.accounts import Erasure, Opened, StaffAccount
from services.web.audit import Export
from services.web.closing import Closing
from services.web.domain import Booking
from services.web.hall import Desk, Document, Promises, Status, Ticket, Today
from services.web.people import (
    CitizenSignedIn,
    DevicePaired,
    DeviceToken,
    PersonShown,
    ProviderAnswered,
    ProviderAsked,
    SignedIn,
    TelephonePending,
    TelephoneSet,
)
from services.web.queries import ACCOUNTS, MINE, OIDC, OPERATOR, QUEUE, segment
from services.web.upstream import Refused, Service, Unavailable, Upstream
from shared.events.base import State
from shared.problems import FieldProblem


def _account(account_id: str) -> str:
    return f"{OPERATOR}/accounts/{segment(account_id)}"


@dataclass(frozen=True)
class Commands:
    """Everything that a page may have done."""

    upstream: Upstream

    async def sign_in(self, login: str, password: str, code: str) -> SignedIn:
        """Begin a sign-in; `code` is the telephone's, empty where none was typed."""
        body = {"login": login, "password": password, **({"code": code} if code else {})}
        return await self.upstream.post("accounts", f"{ACCOUNTS}/sign-in", SignedIn, body)

    async def renew(self) -> SignedIn:
        """A new token for the sign-in that goes on."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/session/renew", SignedIn, {})

    async def pair_device(self, code: str) -> DevicePaired:
        """Make this browser the device whose code was typed."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/devices/pair", DevicePaired, {"code": code})

    async def renew_device(self, secret: str) -> DeviceToken:
        """A new token for a device that goes on."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/devices/renew", DeviceToken, {"secret": secret})

    async def ask_provider(self, return_to: str) -> ProviderAsked:
        """Begin a sign-in with the provider, which is to send the browser back to `return_to`."""
        return await self.upstream.post("accounts", f"{OIDC}/begin", ProviderAsked, {"return_to": return_to})

    async def take_provider_answer(self, question: str, state: str, code: str, issuer: str | None) -> ProviderAnswered:
        """Sign in whom the provider vouches for."""
        body = {"question": question, "state": state, "code": code, "issuer": issuer}
        return await self.upstream.post("accounts", f"{OIDC}/finish", ProviderAnswered, body)

    async def sign_in_vouched(self, ticket: str, code: str) -> SignedIn:
        """Sign in whom the provider vouched for, by the telephone's code."""
        return await self.upstream.post("accounts", f"{OIDC}/code", SignedIn, {"ticket": ticket, "code": code})

    async def end_sign_in(self, session_id: str) -> None:
        """End another one of one's own sign-ins."""
        await self.upstream.delete("accounts", f"{ACCOUNTS}/me/sessions/{segment(session_id)}")

    async def end_other_sign_ins(self) -> None:
        """End all of one's own sign-ins but this one."""
        await self.upstream.delete("accounts", f"{ACCOUNTS}/me/sessions")

    async def open_account(self, body: dict[str, Any]) -> Opened:
        """Let somebody in (operators); the password to hand out is told this once."""
        return await self.upstream.post("accounts", f"{OPERATOR}/accounts", Opened, body)

    async def reset_account(self, account_id: str) -> Opened:
        """Begin anew with somebody who lost password or telephone (operators)."""
        return await self.upstream.post("accounts", f"{_account(account_id)}/reset", Opened, {})

    async def grant(self, account_id: str, body: dict[str, Any]) -> None:
        """Give a role (operators)."""
        await self.upstream.post("accounts", f"{_account(account_id)}/grants", StaffAccount, body)

    async def revoke(self, account_id: str, grant_id: str) -> None:
        """Take a role back (operators)."""
        await self.upstream.delete("accounts", f"{_account(account_id)}/grants/{segment(grant_id)}")

    async def switch_account(self, account_id: str, verb: Literal["suspend", "resume"]) -> None:
        """Let somebody in no more, or again (operators)."""
        await self.upstream.post("accounts", f"{_account(account_id)}/{verb}", StaffAccount, {})

    async def sign_out_everywhere(self, account_id: str) -> None:
        """End all sign-ins of somebody (operators)."""
        await self.upstream.delete("accounts", f"{_account(account_id)}/sessions")

    async def link_subject(self, account_id: str, body: dict[str, Any]) -> None:
        """Have a subject of the provider mean an account (operators)."""
        await self.upstream.put("accounts", f"{_account(account_id)}/subject", StaffAccount, body)

    async def unlink_subject(self, account_id: str) -> None:
        """Have no subject mean an account any more (operators)."""
        await self.upstream.delete("accounts", f"{_account(account_id)}/subject")

    async def order_erasure(self, body: dict[str, Any]) -> Erasure:
        """Have somebody forgotten everywhere (operators)."""
        return await self.upstream.post("accounts", f"{OPERATOR}/erasures", Erasure, body)

    async def export_person(self, body: dict[str, Any]) -> bytes:
        """All that is held of somebody, as an archive (operators)."""
        return await self.upstream.take("accounts", f"{OPERATOR}/exports", body)

    async def export_audit(self, service: Service, wanted: dict[str, str]) -> Export:
        """What is taken away of a service's audit (staff); the service notes that it was."""
        return await self.upstream.post(service, f"/api/{service}/v1/staff/audit/exports", Export, wanted)

    async def unmask(self, session_id: str, window_id: str, ticket_id: str, reason: str) -> Document:
        """The number of the document of whom the window has (staff). The queue records who asked, and why."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}/document"
        return await self.upstream.post("queue", path, Document, {"ticket_id": ticket_id, "reason": reason})

    async def send_code(self, phone: str, language: str, device: str) -> None:
        """Have a code sent to a phone; the answer is the same whosever it is."""
        path, body = f"{ACCOUNTS}/citizens/codes", {"phone": phone, "language": language}
        await self.upstream.post("accounts", path, State, body, headers={"X-Client-Device": device})

    async def sign_in_by_code(self, phone: str, code: str) -> CitizenSignedIn:
        """Begin a citizen's sign-in."""
        body = {"phone": phone, "code": code}
        return await self.upstream.post("accounts", f"{ACCOUNTS}/citizens/sign-in", CitizenSignedIn, body)

    async def renew_citizen(self, renewal: str) -> CitizenSignedIn:
        """A new token for a citizen's sign-in that goes on."""
        body = {"renewal": renewal}
        return await self.upstream.post("accounts", f"{ACCOUNTS}/citizens/renew", CitizenSignedIn, body)

    async def sign_oneself_out_everywhere(self) -> None:
        """End all sign-ins of one's own."""
        await self.upstream.delete("accounts", f"{ACCOUNTS}/me/sessions?here=true")

    async def add_person(self, body: dict[str, Any], key: str) -> PersonShown:
        """Keep somebody to book for; with the same key it is the same one."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/me/persons", PersonShown, body, key=key)

    async def change_person(self, person_id: str, body: dict[str, Any]) -> PersonShown:
        """Change one of them."""
        return await self.upstream.patch("accounts", f"{ACCOUNTS}/me/persons/{segment(person_id)}", PersonShown, body)

    async def forget_person(self, person_id: str) -> None:
        """Forget one of them."""
        await self.upstream.delete("accounts", f"{ACCOUNTS}/me/persons/{segment(person_id)}")

    async def order_own_erasure(self) -> Erasure:
        """Have one's account closed and what was typed with it forgotten."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/me/erasure", Erasure, {})

    async def export_own(self) -> bytes:
        """What was typed with one's account, as an archive."""
        return await self.upstream.take("accounts", f"{ACCOUNTS}/me/export", {})

    async def cancel_own(self, booking_id: str) -> Booking:
        """Give back a seat that one has booked oneself."""
        return await self.upstream.post("booking", f"{MINE}/{segment(booking_id)}/cancel", Booking, {})

    async def agree_own(self, booking_id: str) -> Booking:
        """Agree to the new day of a booking of one's own."""
        return await self.upstream.post("booking", f"{MINE}/{segment(booking_id)}/agree", Booking, {})

    async def sign_out(self) -> None:
        """End this sign-in."""
        await self.upstream.delete("accounts", f"{ACCOUNTS}/session")

    async def choose_password(self, present: str, new: str) -> None:
        """Set a password of one's own."""
        body = {"password": present, "new_password": new}
        await self.upstream.post("accounts", f"{ACCOUNTS}/me/password", State, body)

    async def pending_telephone(self) -> TelephonePending:
        """A new secret for a telephone."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/me/totp", TelephonePending, {})

    async def confirm_telephone(self, code: str) -> TelephoneSet:
        """The telephone's first code."""
        return await self.upstream.post("accounts", f"{ACCOUNTS}/me/totp/confirm", TelephoneSet, {"code": code})

    async def book(self, body: dict[str, Any], key: str) -> Booking:
        """Take a seat; with the same key and body again it is the same booking."""
        return await self.upstream.post("booking", "/api/booking/v1/bookings", Booking, body, key=key)

    async def check(self, body: dict[str, Any]) -> list[FieldProblem]:
        """The fields that booking would refuse; none while it cannot say, for it will be asked again when it books."""
        try:
            await self.upstream.post("booking", "/api/booking/v1/bookings/check", State, body)
        except Unavailable:
            return []
        except Refused as refused:
            return refused.errors
        return []

    async def look_up(self, code: str, digits: str) -> Booking:
        """Find a booking by its code and last digits. Tries are counted there."""
        return await self._of(code, digits, "lookup")

    async def cancel(self, code: str, digits: str) -> Booking:
        """Give the seat back."""
        return await self._of(code, digits, "cancel")

    async def agree(self, code: str, digits: str) -> Booking:
        """Agree to the day that the session moved to."""
        return await self._of(code, digits, "agree")

    async def correct_booking(self, code: str, digits: str, changes: dict[str, Any]) -> Booking:
        """Put right who comes, or how they are reached."""
        body = {"code": code, "digits": digits, **changes}
        return await self.upstream.post("booking", "/api/booking/v1/bookings/correct", Booking, body)

    async def _of(self, code: str, digits: str, verb: str) -> Booking:
        return await self.upstream.post(
            "booking", f"/api/booking/v1/bookings/{verb}", Booking, {"code": code, "digits": digits}
        )

    async def at_window(self, session_id: str, window_id: str, verb: str, body: dict[str, Any]) -> Desk:
        """Do something at a window that is as its page showed it; the window afterwards."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}/{verb}"
        return await self.upstream.post("queue", path, Desk, body)

    async def check_in(self, session_id: str, body: dict[str, Any]) -> Ticket:
        """Somebody with a booking is here; twice is once."""
        return await self.upstream.post(
            "queue", f"{QUEUE}/staff/sessions/{segment(session_id)}/check-ins", Ticket, body
        )

    async def walk_in(self, session_id: str, body: dict[str, Any], key: str) -> Ticket:
        """Somebody without a booking takes a ticket; with the same key it is the same one."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/walk-ins"
        return await self.upstream.post("queue", path, Ticket, body, key=key)

    async def give_room(self, session_id: str, ticket_id: str, room: str | None) -> Today:
        """Keep which room a group was given."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/tickets/{segment(ticket_id)}/room"
        return await self.upstream.post("queue", path, Today, {"room": room})

    async def keep_wishes(self, token: str, body: dict[str, Any]) -> Status:
        """What a visitor says of themselves."""
        return await self.upstream.post("queue", f"{QUEUE}/tickets/{segment(token)}/wishes", Status, body)

    async def leave(self, token: str) -> Status:
        """The visitor goes: not today."""
        return await self.upstream.post("queue", f"{QUEUE}/tickets/{segment(token)}/leave", Status, {})

    async def close_ticket(self, session_id: str, ticket_id: str, reason: str) -> Closing:
        """End a ticket without an outcome."""
        return await self._of_day(session_id, f"tickets/{segment(ticket_id)}/close", {"reason": reason})

    async def sign(self, session_id: str, by: str) -> Closing:
        """Close the day."""
        return await self._of_day(session_id, "closing", {"by": by})

    async def correct(self, session_id: str, ticket_id: str, body: dict[str, Any]) -> Closing:
        """Put a visit of a signed day right."""
        return await self._of_day(session_id, f"tickets/{segment(ticket_id)}/corrections", body)

    async def enter_paper_visit(self, session_id: str, body: dict[str, Any], key: str) -> Closing:
        """Enter a visit that was written on paper; with the same key it is the same one."""
        return await self._of_day(session_id, "paper-visits", body, key)

    async def _of_day(self, session_id: str, what: str, body: dict[str, Any], key: str | None = None) -> Closing:
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/{what}"
        return await self.upstream.post("queue", path, Closing, body, key=key)

    async def choose(self, token: str, body: dict[str, Any]) -> Status:
        """The director is gone: what the visitor chose."""
        return await self.upstream.post("queue", f"{QUEUE}/tickets/{segment(token)}/choice", Status, body)

    async def choose_for(self, session_id: str, ticket_id: str, body: dict[str, Any]) -> Status:
        """The same, told to the staff."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/tickets/{segment(ticket_id)}/choice"
        return await self.upstream.post("queue", path, Status, body)

    async def give_first_place(self, session_id: str, ticket_id: str, body: dict[str, Any]) -> Ticket:
        """Keep the promise that an old ticket proves."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/tickets/{segment(ticket_id)}/first-place"
        return await self.upstream.post("queue", path, Ticket, body)

    async def note(self, session_id: str, window_id: str, kind: str, body: dict[str, Any], key: str) -> Desk:
        """Keep a finding or a decision; with the same key it is the same one."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}/{kind}"
        return await self.upstream.post("queue", path, Desk, body, key=key)

    async def keep_promise(self, session_id: str, window_id: str, promise_id: str, body: dict[str, Any]) -> Promises:
        """The director has called."""
        base = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}"
        return await self.upstream.post("queue", f"{base}/promises/{segment(promise_id)}/kept", Promises, body)

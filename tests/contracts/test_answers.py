"""What one service reads of another's answer is said there.

Readers pass over what they do not know and have defaults for what may be missing, so that either side may be newer. A
member that was renamed would therefore go missing without an error: nobody would be told, or a page would say less.
"""

import pytest

from services.booking import queries as booking_queries
from services.booking.domain import bookings
from services.notifications import domain as notifications
from services.notifications import queries as notifications_queries
from services.queue.domain import people
from services.roster import queries as roster_queries
from services.web import domain as web

READ = [
    (notifications.VisitorCards, bookings.VisitorCards),
    (notifications.VisitorCard, bookings.VisitorCard),
    (notifications.ProxyCard, bookings.ProxyCard),
    (people.Cards, bookings.VisitorCards),
    (people.Card, bookings.VisitorCard),
    (people.Proxy, bookings.ProxyCard),
    (web.Booking, bookings.BookingView),
    (web.Expected, bookings.WindowBooking),
    (web.BookableSessions, booking_queries.OfferedSessions),
    (web.BookableSession, booking_queries.OfferedSession),
    (web.Slots, booking_queries.OfferedSlots),
    (web.Slot, booking_queries.OfferedSlot),
    (web.Matters, roster_queries.Matters),
    (web.Matter, roster_queries.MatterView),
    (web.Session, roster_queries.SessionView),
    (web.SessionWindow, roster_queries.WindowView),
    (web.Duty, roster_queries.DutyView),
    (web.Official, roster_queries.OfficialView),
    (web.ConsoleMessages, notifications_queries.ConsoleMessages),
    (web.ConsoleMessage, notifications_queries.ConsoleMessage),
    (web.Channels, notifications_queries.Channels),
]


@pytest.mark.parametrize(("reader", "answer"), READ, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_what_is_read_is_said(reader, answer):
    read = {field.validation_alias or name for name, field in reader.model_fields.items()}
    assert read <= set(answer.model_fields)

"""What one service reads of another's answer is said there.

Readers pass over what they do not know and have defaults for what may be missing, so that either side may be newer. A
member that was renamed would therefore go missing without an error: nobody would be told, or a page would say less.
"""

import pytest

from services.accounts.domain import accounts, persons
from services.booking import queries as booking_queries
from services.booking.domain import bookings
from services.notifications import domain as notifications
from services.notifications import queries as notifications_queries
from services.queue.domain import closing_views, people, views
from services.roster import queries as roster_queries
from services.web import audit, closing, hall
from services.web import domain as web
from services.web import people as citizens
from shared.audit import views as audit_views
from shared.events.base import State

READ = [
    (notifications.VisitorCards, bookings.VisitorCards),
    (notifications.VisitorCard, bookings.VisitorCard),
    (notifications.ProxyCard, bookings.ProxyCard),
    (people.Cards, bookings.VisitorCards),
    (people.Card, bookings.VisitorCard),
    (people.Proxy, bookings.ProxyCard),
    (people.DocumentNumber, bookings.DocumentNumber),
    (web.Booking, bookings.BookingView),
    (web.OwnBookings, booking_queries.OwnBookings),
    (citizens.CitizenSignedIn, accounts.SignedIn),
    (citizens.CitizenShown, accounts.CitizenView),
    (citizens.Persons, persons.Persons),
    (citizens.PersonShown, persons.PersonView),
    (citizens.DocumentShown, persons.DocumentView),
    (citizens.PersonCard, persons.PersonCard),
    (web.Expected, bookings.WindowBooking),
    (web.BookableSessions, booking_queries.OfferedSessions),
    (web.BookableSession, booking_queries.OfferedSession),
    (web.Slots, booking_queries.OfferedSlots),
    (web.Slot, booking_queries.OfferedSlot),
    (hall.VenueToday, views.VenueToday),
    (audit.KnownPerson, accounts.KnownPerson),
    (audit.People, accounts.People),
    (web.Matters, roster_queries.Matters),
    (web.Departments, roster_queries.Departments),
    (web.Matter, roster_queries.MatterView),
    (web.Session, roster_queries.SessionView),
    (web.SessionWindow, roster_queries.WindowView),
    (web.Duty, roster_queries.DutyView),
    (web.Official, roster_queries.OfficialView),
    (web.ConsoleMessages, notifications_queries.ConsoleMessages),
    (web.ConsoleMessage, notifications_queries.ConsoleMessage),
    (web.Channels, notifications_queries.Channels),
    (hall.Wishes, views.Wishes),
    (hall.Group, views.Group),
    (hall.WindowBrief, views.WindowBrief),
    (hall.Hall, views.HallView),
    (hall.SessionToday, views.SessionToday),
    (hall.SessionEarlier, views.SessionEarlier),
    (hall.Today, views.TodayView),
    (hall.Figures, views.Figures),
    (hall.Call, views.Call),
    (hall.Screen, views.ScreenView),
    (hall.LinePlace, views.LinePlace),
    (hall.Promise, views.PromiseBrief),
    (hall.Status, views.StatusView),
    (hall.Ticket, views.CheckedInView),
    (hall.Visitor, views.Visitor),
    (hall.Waits, views.Waits),
    (hall.Finding, views.FindingView),
    (hall.OpenPromise, views.PromiseView),
    (hall.Promises, views.PromisesView),
    (hall.AtWindow, views.AtWindow),
    (hall.Finished, views.Finished),
    (hall.Document, views.DocumentView),
    (hall.Desk, views.DeskView),
    (hall.Outcome, views.OutcomeView),
    (hall.Notice, views.NoticeView),
    (closing.ClosingWindow, closing_views.ClosingWindow),
    (closing.OpenTicket, closing_views.OpenTicket),
    (closing.Signed, closing_views.Signed),
    (closing.Closing, closing_views.ClosingView),
    (closing.Visit, closing_views.VisitView),
    (closing.Visits, closing_views.VisitsView),
    (audit.Audit, audit_views.AuditView),
    (audit.Entry, audit_views.EntryView),
    (audit.Chain, audit_views.ChainView),
    (audit.Export, audit_views.ExportView),
]

LISTS = {web.Sessions, web.Officials, web.ExpectedBookings}
"""Answered as bare lists, whose entries are read by the readers above; `services.web.upstream` calls them `items`."""


@pytest.mark.parametrize(("reader", "answer"), READ, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_what_is_read_is_said(reader, answer):
    read = {field.validation_alias or name for name, field in reader.model_fields.items()}
    assert read <= set(answer.model_fields)


@pytest.mark.parametrize("room", [web, hall, closing, audit], ids=lambda each: each.__name__)
def test_no_reader_of_the_pages_is_left_out(room):
    defined = {
        each
        for each in vars(room).values()
        if isinstance(each, type) and issubclass(each, State) and each.__module__ == room.__name__
    }
    assert defined - {reader for reader, _ in READ} == LISTS & defined

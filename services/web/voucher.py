"""What belongs to one booking besides its page: the square code and the calendar entry."""

from datetime import UTC, datetime, timedelta

import icalendar
import segno

from services.web.domain import REMINDER_AT, Booking, Matter, Session
from services.web.languages import phrase
from services.web.pages import Page

PRODUCT = "-//service-day//web//ZH"


def qr(code: str) -> str:
    """The code as a square code, SVG without any style in it."""
    digits = "".join(code.split())
    drawing: str = segno.make_qr(digits, error="m").svg_inline(
        border=0, omitsize=True, svgclass="qr", lineclass=None, dark="#000", unit=None
    )
    return drawing


def calendar(page: Page, booking: Booking, about: Matter | None, day: Session | None) -> bytes:
    """The calendar entry: when, where, what to bring. Neither name nor number of the visitor."""
    say, language, zone = page.say, page.language, page.site.settings.zone
    name = language.of(about, "plain_name") if about else say("局长服务日")
    window = day.window(booking.window_id) if day else None
    event = icalendar.Event()
    event.add("uid", f"{booking.booking_id}@service-day")
    event.add("dtstamp", datetime.now(UTC))
    event.add("sequence", booking.version)
    event.add("dtstart", booking.starts_at.astimezone(zone))
    event.add("dtend", booking.ends_at.astimezone(zone))
    event.add("summary", say(phrase("局长服务日：%(matter)s"), matter=name))
    event.add("status", {"confirmed": "CONFIRMED", "to_confirm": "TENTATIVE"}.get(booking.state, "CANCELLED"))
    event.add("class", "PRIVATE")
    if page.venue:
        place = [language.of(page.venue, "name"), language.of(page.venue, "address")]
        if window:
            place[1:1] = [language.of(window, "location"), say("%(number)s 号窗口", number=window.number)]
        event.add("location", language.separator.join(each for each in place if each))
    lines = [say("预约码 %(code)s", code=booking.code)]
    if about and about.documents:
        lines.append(say("要带的材料："))
        lines += [f"- {language.of(each, 'name')}" for each in about.documents]
    lines.append(say("来不了，请提前取消。电话 %(phone)s", phone=page.phone))
    event.add("description", "\n".join(lines))
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", say(phrase("局长服务日：%(matter)s"), matter=name))
    evening = datetime.combine(booking.starts_at.astimezone(zone).date() - timedelta(days=1), REMINDER_AT, zone)
    alarm.add("trigger", evening.astimezone(UTC) - booking.starts_at)
    if booking.state != "cancelled":
        event.add_component(alarm)
    whole = icalendar.Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add_component(event)
    whole.add_missing_timezones()
    return bytes(whole.to_ical())

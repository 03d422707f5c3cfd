"""What a window does with itself: open, pause, close; and who sits there."""

from dataclasses import replace

from services.queue.commands.day import Day
from services.queue.domain import problems, requests, windows
from services.queue.domain.estimates import LATE_MINUTES, minutes_behind
from services.queue.domain.lines import at_window, queue_of
from services.queue.domain.windows import WindowDay
from services.queue.sql.closings import unconfirm_window
from services.queue.sql.days import insert_attendance
from shared.events import queue as events


async def open_window(day: Day, window: WindowDay) -> WindowDay:
    """Receive; a window that had confirmed its day goes on with it.

    Raises SubstituteElsewhere where whoever was to sit in has gone to another window meanwhile.
    """
    after = windows.opened(window)
    await _check_alone(day, after)
    await unconfirm_window(day.connection, window.session_id, window.window_id)
    return await _step(day, window, "open", after, events.WindowOpened)


async def pause(day: Day, window: WindowDay, wish: requests.Pause) -> WindowDay:
    """Stop calling for a while, with a reason. Raises WindowNotOpen."""
    return await _step(day, window, "pause", windows.paused(window, wish.reason), events.WindowPaused)


async def close(day: Day, window: WindowDay) -> WindowDay:
    """Receive nobody any more. Raises WindowBusy while somebody is there.

    Who waits for this window alone is the department's from now on, where another of its windows receives: nobody
    would call them here.
    """
    present = await day.present()
    if at_window(present, window.window_id) is not None:
        raise problems.WindowBusy
    others = [each for each in (await day.windows()).values() if each.window_id != window.window_id]
    if any(each.department_id == window.department_id and each.state != "closed" for each in others):
        for each in present:
            if each.ticket.state == "waiting" and each.ticket.bound_to == window.window_id:
                await day.save(replace(each.ticket, bound_to=None), events.VisitTransferred)
    return await _step(day, window, "close", windows.closed(window), events.WindowClosed)


async def attend(day: Day, window: WindowDay, wish: requests.Attend) -> WindowDay:
    """Record that the official came, is called away, or left; it takes effect at once.

    Raises SubstituteElsewhere where whoever is to be here sits in at another window, or is on duty there.
    """
    if wish.returns_at is not None and wish.returns_at <= day.now:
        raise problems.InvalidRequest.of("/returns_at", "returns_at_past", "the time of return is over")
    if wish.substitute_id is not None and wish.substitute_id == window.official_id:
        raise problems.InvalidRequest.of("/substitute_id", "substitute_self", "nobody sits in for themselves")
    attended = windows.attended(
        window, wish.attendance, day.now, substitute_id=wish.substitute_id, returns_at=wish.returns_at
    )
    await _check_alone(day, attended)
    row = (
        window.session_id, window.window_id, day.now, attended.attendance, window.official_id, attended.substitute_id,
        attended.returns_at, wish.reason,
    )  # fmt: skip
    await insert_attendance(day.connection, row)
    await unconfirm_window(day.connection, window.session_id, window.window_id)
    return await _step(day, window, wish.attendance, attended, events.AttendanceRecorded)


async def note_lateness(day: Day) -> list[WindowDay]:
    """Note which windows have come to run half an hour late, or are on time again; those of which it is news."""
    present = await day.present()
    changed = []
    for window in (await day.windows()).values():
        behind = minutes_behind(day.now, [each.waiting() for each in queue_of(present, window)])
        if window.state == "closed" or (behind > LATE_MINUTES) == (window.minutes_behind > LATE_MINUTES):
            continue
        changed.append(await day.save_window(replace(window, minutes_behind=behind), events.WindowBehind))
    if changed:
        await day.end()
    return changed


async def _check_alone(day: Day, window: WindowDay) -> None:
    """Nobody sits at two windows; but an official has one duty for several windows of a department."""
    there = window.there
    for each in (await day.windows()).values():
        if each.window_id == window.window_id or there is None or not each.has(there):
            continue
        if (window.attendance, each.attendance) != ("present", "present"):
            raise problems.SubstituteElsewhere


async def _step(day: Day, window: WindowDay, verb: str, after: WindowDay, event: type[events.WindowEvent]) -> WindowDay:
    saved = await day.save_window(after, event)
    await day.step(window.window_id, verb)
    await day.end()
    return saved

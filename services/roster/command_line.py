"""The operator's commands: packs, calendars, planning, and single sessions.

They work on the service's database beside the running process, whose relay publishes what they say. What was
done goes to standard output; exit code 1 tells that something asked for was not done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.roster import commands, queries
from services.roster.app import create_app
from services.roster.consumers import subscriptions
from services.roster.domain.pack import read_calendars, read_pack
from services.roster.domain.planning import ClashChoice, Planned, PlanReport, Reason
from services.roster.domain.problems import ConfirmationNeeded
from services.roster.domain.source import Finding
from services.roster.settings import RosterSettings
from shared import logs
from shared.audit.actors import COMMAND_LINE, acting_as
from shared.audit.recording import audited
from shared.command_line import make_command_line
from shared.database import Connection, county_now, open_pool
from shared.problems import Problem

Result = TypeVar("Result")
Command = Callable[[Connection, ZoneInfo, datetime], Awaitable[Result]]

FILE_BYTES = 4 * 1024 * 1024

command_line = make_command_line(
    "roster",
    settings_factory=RosterSettings,
    app_factory=create_app,
    subscriptions=subscriptions,
    aggregate_ids=queries.aggregate_ids,
    state_events=commands.state_events,
)
packs = typer.Typer(help="Programme packs.", no_args_is_help=True)
calendar = typer.Typer(help="Working-day calendars.", no_args_is_help=True)
sessions = typer.Typer(help="Single sessions.", no_args_is_help=True)
command_line.add_typer(packs, name="packs")
command_line.add_typer(calendar, name="calendar")
command_line.add_typer(sessions, name="sessions")

console = Console(highlight=False, markup=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Source = Annotated[Path, typer.Argument(exists=True, help="A YAML file, or a folder of them.")]
Confirmed = Annotated[bool, typer.Option("--confirm", help="Carry the difference out.")]
Session = Annotated[str, typer.Argument(help="Id of the session.")]
Why = Annotated[Reason, typer.Option("--reason")]


@packs.command("import")
def import_pack(path: Source, confirm: Confirmed = False) -> None:
    """Take over a programme pack and plan by it; the same pack again changes nothing."""
    pack, findings = read_pack(_files(path))
    _refuse(findings)
    report = _run(
        ("pack.imported", "pack", ""),
        lambda connection, zone, now: commands.import_pack(connection, zone, now, pack, confirm or None),
    )
    described, withdrawn = len(report.matters_described), len(report.matters_withdrawn)
    console.print(
        f"venue {'described' if report.venue_changed else 'unchanged'}; matters: {described} described,"
        f" {withdrawn} withdrawn, {report.matters_unchanged} unchanged"
    )
    _tell(report.plan)


@calendar.command("import")
def import_calendar(path: Source, confirm: Confirmed = False) -> None:
    """Show which sessions a calendar moves; with --confirm, move them."""
    layers, findings = read_calendars(_files(path))
    _refuse(findings)
    report = _run(
        ("calendar.imported" if confirm else "calendar.compared", "calendar", ""),
        lambda connection, zone, now: commands.import_calendars(connection, zone, now, layers, confirm or None),
    )
    for day in report.days:
        console.print(f"{day.day} {day.before} → {day.after}")
    _tell(report.plan)
    if not report.confirmed:
        console.print("Nothing was changed yet; --confirm carries this out.")


@command_line.command()
def plan() -> None:
    """Plan ahead, and tell what should be looked at."""
    _tell(_run(("sessions.planned", "calendar", ""), commands.plan_ahead))


@sessions.command()
def move(
    session_id: Session,
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The new date.")],
    reason: Why,
    rest_day: Annotated[bool, typer.Option("--rest-day", help="A rest day is meant.")] = False,
) -> None:
    """Move a session; those booked are told."""

    async def command(connection: Connection, zone: ZoneInfo, now: datetime) -> Planned:
        return await commands.move_session(
            connection, zone, now, session_id, day=day.date(), reason=reason, rest_day=rest_day
        )

    _tell_session(_run(("session.moved", "session", session_id), command))


@sessions.command()
def cancel(session_id: Session, reason: Why) -> None:
    """Call a session off; those booked are told."""
    act = ("session.cancelled", "session", session_id)
    _tell_session(_run(act, lambda connection, _, now: commands.cancel_session(connection, now, session_id, reason)))


@sessions.command()
def settle(session_id: Session, choice: ClashChoice) -> None:
    """Keep, skip or merge a session that was shifted next to another."""
    act = ("session.clash_settled", "session", session_id)
    _tell_session(_run(act, lambda connection, _, now: commands.settle_clash(connection, now, session_id, choice)))


def _files(path: Path) -> list[tuple[str, str]]:
    """Name and text of the YAML file, or of those in the folder, in the order of their names."""
    found = sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml"}) if path.is_dir() else [path]
    if not found:
        raise typer.BadParameter(f"{path} holds no YAML file")
    for each in found:
        if each.stat().st_size > FILE_BYTES:
            raise typer.BadParameter(f"{each} is larger than {FILE_BYTES // 1024 // 1024} MiB")
    try:
        return [(str(each), each.read_text(encoding="utf-8")) for each in found]
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"not UTF-8: {error}") from error


def _refuse(findings: Iterable[Finding]) -> None:
    found = list(findings)
    for each in found:
        errors.print(str(each))
    if found:
        errors.print(f"{len(found)} findings; nothing was changed.")
        raise typer.Exit(1)


def _run(act: tuple[str, str, str], command: Command[Result]) -> Result:
    """Run a command in one transaction by the county's clock; what refuses it is told, and ends with code 1.

    `act` is what stands in the audit: action, and kind and id of the record.
    """
    settings = RosterSettings()
    logs.configure("roster", "error")

    async def in_transaction() -> Result:
        dsn = settings.database_url.get_secret_value()
        pool = await open_pool(dsn, size=1, application_name="roster-operator")
        try:
            with acting_as(COMMAND_LINE):
                async with audited(pool, *act) as done:
                    return await command(done.connection, settings.zone, await county_now(done.connection))
        finally:
            await pool.close()

    try:
        return asyncio.run(in_transaction())
    except ConfirmationNeeded as problem:
        _tell(problem.report)
        errors.print(f"{problem.title} Nothing was changed; --confirm carries this out.")
    except Problem as problem:
        errors.print(f"{problem.code}: {problem.detail or problem.title}")
    raise typer.Exit(1)


def _tell(report: PlanReport) -> None:
    for each in report.changes:
        before = f"{each.from_date} {each.from_status} → " if each.from_date is not None else ""
        console.print(f"{each.session_id}: {each.event}: {before}{each.to_date or ''} {each.to_status}")
    for clash in report.clashes:
        decided = f"decided: {clash.choice}" if clash.choice else f"kept until decided: {', '.join(clash.options)}"
        console.print(
            f"{clash.session_id} on {clash.date} is {clash.working_days} working days from"
            f" {clash.other_session_id} on {clash.other_date} ({decided})"
        )
    for gap in report.gaps:
        console.print(f"window {gap.window_id}: nobody is there as {gap.role} of {gap.department_id}")
    for crowded in report.crowded_out:
        console.print(f"{crowded.programme_id}: no free day was found for {crowded.rule_date}")
    for session_id in report.on_rest_days:
        console.print(f"{session_id} stands on a rest day")
    console.print(f"{len(report.changes)} sessions changed")


def _tell_session(planned: Planned) -> None:
    session = planned.session
    console.print(f"{session.session_id}: {session.date} {session.status}, version {planned.version}")

"""The command line that every service has: `python -m services.<name>`.

Without a command it serves. `republish`, `retention`, `dead-letters` and `audit` work on the service's database beside
the running process, whose relay publishes what they append. Results go to standard output, as JSON where that is not a
terminal; exit code 1 tells that something asked for was not done. Settings that are missing or malformed are named in a
sentence.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

import typer
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, track
from rich.table import Table
from typer.core import TyperGroup

from shared import health, logs, server
from shared.audit import recording
from shared.audit.chain import Chain
from shared.database import Pool, open_pool, transaction
from shared.messaging import dead_letters
from shared.messaging.consumer import Subscriptions
from shared.messaging.republish import AggregateIds, StateEvents, republish, republish_all
from shared.rights import retention
from shared.settings import ServiceSettings

Result = TypeVar("Result")

STATES = ("waiting", "replayed", "discarded", "all")

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of aggregates.")]
Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
State = Annotated[str, typer.Option(help=f"One of {', '.join(STATES)}.")]
Limit = Annotated[int, typer.Option(min=1, max=dead_letters.LIST_LIMIT)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what is due and change nothing.")]
Raw = Annotated[bool, typer.Option("--raw", help="With the bytes, unmasked.")]

HEAD = re.compile(r"([0-9a-f]{64}):([0-9]{1,18})")
Expected = Annotated[
    list[str] | None, typer.Option("--expect", metavar="HEAD:NUMBER", help="What an earlier look printed.")
]

console = Console()
errors = Console(stderr=True)


class ServiceCommands(TyperGroup):
    """Commands of a service; where its settings are at fault, says which, never what is in them, and ends with 1."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: D102
        try:
            return super().invoke(ctx)
        except (ValidationError, SettingsError) as error:
            fault = str(error) if isinstance(error, SettingsError) else _settings_fault(error)
            if fault is None:
                raise
        errors.print(f"The settings are incomplete or wrong. {fault}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)


def _settings_fault(error: ValidationError) -> str | None:
    """The variables at fault, by their names in the environment; none if it is not about settings."""
    kind = next((each for each in _kinds(BaseSettings) if each.__name__ == error.title), None)
    if kind is None:
        return None
    missing, malformed = [], []
    for found in error.errors(include_input=False, include_url=False):
        name = str(found["loc"][0]) if found["loc"] else ""
        if name in kind.model_fields:
            name = f"{kind.model_config.get('env_prefix', '')}{name}".upper()
        if found["type"] == "missing":
            missing.append(name)
        else:
            malformed.append(f"{name}: {found['msg']}." if name else f"{found['msg']}.")
    return " ".join([*([f"Missing in the environment: {', '.join(missing)}."] if missing else []), *malformed])


def _kinds(of: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for each in of.__subclasses__():
        yield each
        yield from _kinds(each)


def make_command_line(  # noqa: PLR0913  (what a service offers)
    service_name: str,
    *,
    settings_factory: Callable[[], ServiceSettings],
    app_factory: Callable[[], FastAPI],
    subscriptions: Subscriptions | None = None,
    aggregate_ids: AggregateIds | None = None,
    state_events: StateEvents | None = None,
    forgets: Callable[[Any], Sequence[retention.Rule]] | None = None,
) -> typer.Typer:
    """The common commands; a service adds its own to what this returns."""
    command_line = typer.Typer(
        name=service_name,
        cls=ServiceCommands,
        help=f"The {service_name} service.",
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    operator = _Operator(
        service_name,
        settings_factory,
        subscriptions or Subscriptions(service_name),
        aggregate_ids,
        state_events,
        forgets,
    )

    @command_line.callback(invoke_without_command=True)
    def default(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            server.serve(app_factory(), settings_factory())

    @command_line.command()
    def serve() -> None:
        """Serve until SIGTERM."""
        server.serve(app_factory(), settings_factory())

    @command_line.command()
    def openapi() -> None:
        """Print the service's OpenAPI document."""
        _print_json(health.openapi(app_factory()))

    @command_line.command()
    def asyncapi() -> None:
        """Print the service's AsyncAPI document."""
        from shared.asyncapi import document  # noqa: PLC0415  (its generator takes long to load)

        _print_json(document(service_name, subscriptions))

    if aggregate_ids is not None and state_events is not None:
        command_line.command("republish")(operator.republish)
    if forgets is not None:
        kept = typer.Typer(help="How long persons are remembered.", no_args_is_help=True)
        kept.callback()(_in_a_group)
        kept.command("run")(operator.run_retention)
        command_line.add_typer(kept, name="retention")
    letters = typer.Typer(help="Messages that could not be handled.", no_args_is_help=True)
    letters.command("list")(operator.list_dead_letters)
    letters.command("show")(operator.show_dead_letter)
    letters.command("replay")(operator.replay_dead_letters)
    letters.command("discard")(operator.discard_dead_letters)
    command_line.add_typer(letters, name="dead-letters")
    audit = typer.Typer(help="Who did what to which record.", no_args_is_help=True)
    audit.callback()(_in_a_group)
    audit.command("verify")(operator.verify_audit)
    command_line.add_typer(audit, name="audit")
    return command_line


@dataclass(frozen=True)
class _Operator:
    """What an operator does to a service's database from the command line."""

    service_name: str
    settings_factory: Callable[[], ServiceSettings]
    subscriptions: Subscriptions
    aggregate_ids: AggregateIds | None
    state_events: StateEvents | None
    forgets: Callable[[Any], Sequence[retention.Rule]] | None

    def run_retention(self, dry_run: DryRun = False) -> None:
        """Forget the persons whose term is over, as the service does by itself once a day."""
        assert self.forgets is not None  # noqa: S101  (else the command is not offered)
        settings = self.settings_factory()
        rules = self.forgets(settings)

        async def run(pool: Pool) -> dict[str, int] | None:
            return await (retention.due if dry_run else retention.run)(pool, rules, settings.retention_days)

        found = self._run(run)
        if found is None:
            errors.print("another process is at it; nothing more is needed", markup=False)
            return
        word = "due" if dry_run else "forgotten"
        for name, number in found.items():
            console.print(f"{name}: {number} {word}", highlight=False, markup=False)

    def republish(self, ids: Ids = None, every: All = False) -> None:
        """Emit the current state of aggregates again; nothing is changed."""
        _require_choice(ids, every)

        async def run(pool: Pool) -> list[str]:
            assert self.aggregate_ids is not None  # noqa: S101  (else the command is not offered)
            assert self.state_events is not None  # noqa: S101  (the same)
            wanted = list(dict.fromkeys(ids or ()))
            pages = (
                republish_all(pool, self.aggregate_ids, self.state_events)
                if every
                else republish(pool, self.state_events, wanted)
            )
            unknown, count = set(wanted), 0
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
            with Progress(*columns, console=errors, transient=True) as progress:
                task = progress.add_task("republishing", total=None if every else len(wanted))
                async for page in pages:
                    unknown.difference_update(page)
                    count += len(page)
                    progress.advance(task, len(page))
            console.print(f"{count} republished", highlight=False)
            return [each for each in wanted if each in unknown]

        unknown = self._run(run)
        for each in unknown:
            errors.print(f"{each}: unknown", markup=False)
        if unknown:
            raise typer.Exit(1)

    def list_dead_letters(self, state: State = "waiting", limit: Limit = 100) -> None:
        """List them, in the order they failed."""
        if state not in STATES:
            raise typer.BadParameter(f"must be one of {', '.join(STATES)}")

        async def run(pool: Pool) -> list[dead_letters.DeadLetter]:
            async with pool.acquire() as connection:
                return await dead_letters.select(connection, None if state == "all" else state, limit)

        _print_letters(self._run(run))

    def show_dead_letter(self, number: int, raw: Raw = False) -> None:
        """Show one, masked."""

        async def run(pool: Pool) -> dict[str, Any]:
            async with pool.acquire() as connection:
                return await dead_letters.show(connection, number, raw=raw)

        try:
            _print_json(self._run(run))
        except dead_letters.DeadLetterUnknown:
            errors.print(f"{number}: there is no such dead letter")
            raise typer.Exit(1) from None

    def replay_dead_letters(self, numbers: Numbers = None, every: All = False) -> None:
        """Hand them to their handler again, oldest first."""
        topic_prefix = self.settings_factory().topic_prefix

        async def one(pool: Pool, number: int) -> None:
            await dead_letters.replay(pool, self.subscriptions, topic_prefix, number)

        self._settle("replayed", numbers, every, one)

    def discard_dead_letters(self, numbers: Numbers = None, every: All = False) -> None:
        """Give them up; their rows stay."""

        async def one(pool: Pool, number: int) -> None:
            async with pool.acquire() as connection:
                await dead_letters.discard(connection, number)

        self._settle("discarded", numbers, every, one)

    def _settle(
        self, done: str, numbers: list[int] | None, every: bool, one: Callable[[Pool, int], Awaitable[None]]
    ) -> None:
        """Settle letters one by one; those that cannot be are told, and the others go on."""
        _require_choice(numbers, every)

        async def run(pool: Pool) -> int:
            chosen = sorted(set(numbers or ()))
            if every:
                async with pool.acquire() as connection:
                    chosen = [each.id for each in await dead_letters.select(connection)]
            failed = 0
            for number in track(chosen, console=errors, transient=True, description=done):
                try:
                    await one(pool, number)
                except dead_letters.DeadLetterUnknown:
                    errors.print(f"{number}: does not wait, or is being settled")
                    failed += 1
                except (dead_letters.ConsumerUnknown, dead_letters.ReplayFailed) as error:
                    errors.print(f"{number}: {error}", markup=False)
                    failed += 1
            console.print(f"{len(chosen) - failed} {done}, {failed} not", highlight=False)
            return failed

        if self._run(run):
            raise typer.Exit(1)

    def verify_audit(self, expect: Expected = None) -> None:
        """Walk the audit's chain. The head that it prints, kept elsewhere, shows with --expect what was cut off."""
        kept = [HEAD.fullmatch(each) for each in expect or ()]
        if not all(kept):
            raise typer.BadParameter("--expect takes HEAD:NUMBER as an earlier look printed it")
        wanted = [(int(each[2]), bytes.fromhex(each[1])) for each in kept if each is not None]

        async def run(pool: Pool) -> tuple[Chain, list[int]]:
            async with transaction(pool) as connection:
                chain = await recording.verify(connection)
                gone = [number for number, head in wanted if not await recording.holds(connection, number, head)]
            return chain, gone

        chain, gone = self._run(run)
        if chain.broken_at is not None:
            errors.print(f"broken at row {chain.broken_at}; {chain.rows} rows before it are whole", highlight=False)
        for number in gone:
            errors.print(f"row {number} is not there as it was written down; {chain.rows} rows are", highlight=False)
        if chain.broken_at is not None or gone:
            raise typer.Exit(1)
        print(f"{chain.rows} rows, whole; head {chain.head.hex()}:{chain.rows}")

    def _run(self, run: Callable[[Pool], Awaitable[Result]]) -> Result:
        """Run a coroutine function with a pool of the service's database."""
        settings = self.settings_factory()
        logs.configure(self.service_name, "error")

        async def with_pool() -> Result:
            dsn = settings.database_url.get_secret_value()
            pool = await open_pool(dsn, size=2, application_name=f"{self.service_name}-operator")
            try:
                return await run(pool)
            finally:
                await pool.close()

        return asyncio.run(with_pool())


def _in_a_group() -> None:
    """A group of one command: without a callback that command would stand for the group."""


def _require_choice(chosen: list[Any] | None, every: bool) -> None:
    if bool(chosen) == every:
        raise typer.BadParameter("name what is meant, or say --all")


def _print_letters(letters: list[dead_letters.DeadLetter]) -> None:
    if not console.is_terminal:
        for each in letters:
            print(json.dumps(asdict(each), default=str, ensure_ascii=False))
        return
    table = Table("number", "topic", "place", "failed", "tries", "state", "error")
    for each in letters:
        place = f"{each.partition}:{each.offset}"
        failed_at = f"{each.failed_at:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(str(each.id), each.topic, place, failed_at, str(each.attempts), each.state, each.error)
    console.print(table, markup=False)


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))

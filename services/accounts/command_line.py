"""The operator's commands at the machine itself: accounts, roles, devices, a provider's subjects, a demonstration.

They work on the service's database beside the running process, whose relay publishes what they say. What was
done goes to standard output; a password is printed once; exit code 1 tells that something asked for was not done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar, get_args
from uuid import UUID

import typer
import yaml
from pydantic import BaseModel, ValidationError
from rich.console import Console

from services.accounts import queries
from services.accounts.app import create_app
from services.accounts.commands import demonstration, devices, federating, people, recording
from services.accounts.domain import codes, passwords
from services.accounts.domain.accounts import AccountView, StaffAccount
from services.accounts.domain.demonstration import Credentials, DemoAccounts, Kept
from services.accounts.domain.devices import Device, DeviceView, Named, NewDevice
from services.accounts.domain.federation import NewSubject
from services.accounts.domain.problems import AccountUnknown
from services.accounts.domain.requests import NewAccount, NewGrant, as_login
from services.accounts.hashing import Hasher
from services.accounts.settings import AccountsSettings
from services.accounts.workers import rules
from shared import database, logs
from shared.audit.actors import COMMAND_LINE, acting_as
from shared.command_line import make_command_line
from shared.database import Connection, open_pool
from shared.events.accounts import Role
from shared.events.base import Event
from shared.privacy import PrivacySettings, Vault
from shared.problems import Problem

Result = TypeVar("Result")
Request = TypeVar("Request", bound=BaseModel)
Command = Callable[[Connection, Vault], Awaitable[Result]]
ROLES: tuple[str, ...] = get_args(Role)
PAGE = 200


async def _state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """Of accounts, and of the devices among them."""
    return [*await recording.state_events(connection, ids), *await devices.state_events(connection, ids)]


command_line = make_command_line(
    "accounts",
    settings_factory=AccountsSettings,
    app_factory=create_app,
    aggregate_ids=queries.aggregate_ids,
    state_events=_state_events,
    forgets=rules,
)

console = Console(highlight=False, markup=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Login = Annotated[str, typer.Argument(help="Who it is about.")]
LoginOption = Annotated[str, typer.Option("--login", help="Who it is about.")]
NewLogin = Annotated[str, typer.Option("--login", help="Small letters, digits and . _ @ -.")]
PersonName = Annotated[str, typer.Option("--name", help="The person's name; encrypted, shown to operators alone.")]
Official = Annotated[str | None, typer.Option("--official", help="The roster's id of the official who this is.")]


@command_line.command("first-operator")
def first_operator(login: NewLogin, name: PersonName = "系统管理员") -> None:
    """Make the one who lets everybody else in, with a password that is printed once. Refused where there is one."""
    _open(people.open_first_operator, _read(NewAccount, login=as_login(login), name=name))


@command_line.command("open")
def open_account(login: NewLogin, name: PersonName, official: Official = None) -> None:
    """Let somebody in, with a password that is printed once."""
    _open(people.open_account, _read(NewAccount, login=as_login(login), name=name, official_id=official))


@command_line.command("list")
def list_accounts() -> None:
    """List all accounts, by login."""

    async def command(connection: Connection, vault: Vault) -> list[AccountView]:
        found: list[AccountView] = []
        after: str | None = ""
        while after is not None:
            page = await queries.account_views(connection, vault, after, PAGE)
            found += page.items
            after = page.next_after
        return found

    for each in _run(command):
        roles = ", ".join(
            "/".join(part for part in (held.role, held.department_id, held.venue_id) if part) for held in each.grants
        )
        ready = "" if each.enrolled else " (not yet signed in for good)"
        console.print(f"{each.login}: {each.account_id} {each.state}{ready}: {roles or 'no role'}")


@command_line.command()
def grant(
    login: Login,
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ROLES)}.")],
    department: Annotated[str | None, typer.Option("--department", help="Held in this department alone.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Held in this hall alone.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Held until then, by the county's clock.")] = None,
) -> None:
    """Give a role; the same one twice is one."""
    zoned = until.replace(tzinfo=AccountsSettings().zone) if until else None
    wish = _read(NewGrant, role=role, department_id=department, venue_id=venue, valid_until=zoned)

    async def command(connection: Connection, _: Vault) -> StaffAccount:
        found = await _find(connection, login)
        return await people.grant(connection, COMMAND_LINE.actor, found.account_id, wish)

    _tell(_run(command))


@command_line.command()
def revoke(
    login: Login,
    role: Annotated[str, typer.Argument(help="The role that is taken back.")],
    department: Annotated[str | None, typer.Option("--department")] = None,
    venue: Annotated[str | None, typer.Option("--venue")] = None,
) -> None:
    """Take a role back."""

    async def command(connection: Connection, vault: Vault) -> StaffAccount:
        found = await _find(connection, login)
        view = await queries.account_view(connection, vault, found.account_id)
        wanted = (role, department, venue)
        same = [each for each in view.grants if (each.role, each.department_id, each.venue_id) == wanted]
        grant_id = UUID(same[0].grant_id) if same else UUID(int=0)  # which is nobody's, and refused as such
        return await people.revoke(connection, COMMAND_LINE.actor, found.account_id, grant_id)

    _tell(_run(command))


@command_line.command()
def suspend(login: Login) -> None:
    """Let somebody in no more, from this moment."""
    _change(login, people.suspend)


@command_line.command()
def resume(login: Login) -> None:
    """Let somebody in again."""
    _change(login, people.resume)


@command_line.command("sign-out")
def sign_out(login: Login) -> None:
    """Sign somebody out everywhere."""
    _change(login, people.end_all_sessions)


@command_line.command()
def reset(login: Login) -> None:
    """Begin anew with somebody who lost password or telephone; the password is printed once."""
    initial, password_hash = _initial()

    async def command(connection: Connection, _: Vault) -> StaffAccount:
        found = await _find(connection, login)
        return await people.reset(connection, COMMAND_LINE.actor, found.account_id, password_hash)

    _tell(_run(command))
    console.print(f"password, good once: {initial}")


Keeping = Annotated[Path, typer.Option("--kept", help="The file that keeps their passwords and telephones.")]


@command_line.command("demo")
def demo(file: Annotated[Path, typer.Argument(help="Who they are (YAML).", exists=True)], keeping: Keeping) -> None:
    """Open a demonstration's accounts, ready to sign in, and print them. Refused where others sign in already."""
    wish = _read(DemoAccounts, **yaml.safe_load(file.read_text()))
    kept = _kept(keeping)
    for each in wish.accounts:
        kept.accounts.setdefault(each.login, Credentials.made_for(each))
    aside = keeping.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(kept.model_dump_json(indent=2))  # before they count, so that none is lost
    aside.replace(keeping)
    hasher = Hasher(1)
    try:
        _run(lambda connection, vault: demonstration.open_all(connection, vault, wish, kept.accounts, hasher))
    finally:
        hasher.close()
    for login, made in kept.accounts.items():
        console.print(f"{login}\t{made.password}\t{', '.join(made.roles)}\t{made.name}")


@command_line.command("demo-code")
def demo_code(login: Login, keeping: Keeping) -> None:
    """What the telephone of somebody of the demonstration shows now."""
    found = _kept(keeping).accounts.get(as_login(login))
    if found is None:
        errors.print(f"there is no {login} in the demonstration")
        raise typer.Exit(1)
    console.print(codes.present(found.telephone, datetime.now(UTC)))


def _kept(keeping: Path) -> Kept:
    return Kept.model_validate_json(keeping.read_text()) if keeping.exists() else Kept()


@command_line.command()
def link(
    login: LoginOption,
    subject: Annotated[str, typer.Option("--subject", help="The `sub` by which OIDC_ISSUER means this person.")],
) -> None:
    """Let somebody sign in with the provider of OpenID Connect; whom the account was linked to before may no more."""
    issuer = AccountsSettings().oidc_issuer
    wish = _read(NewSubject, subject=subject)
    if not issuer:
        errors.print("oidc_not_offered: OIDC_ISSUER is not set")
        raise typer.Exit(1)

    async def command(connection: Connection, vault: Vault) -> StaffAccount:
        found = await _find(connection, login)
        await federating.link(connection, vault, COMMAND_LINE.actor, found.account_id, issuer, wish.subject)
        return found

    _tell(_run(command))


@command_line.command()
def unlink(login: LoginOption) -> None:
    """Let somebody sign in with the provider no more; the password still opens."""

    async def command(connection: Connection, _: Vault) -> StaffAccount:
        found = await _find(connection, login)
        await federating.unlink(connection, COMMAND_LINE.actor, found.account_id)
        return found

    _tell(_run(command))


devices_line = typer.Typer(no_args_is_help=True, help="Kiosks and screens, each good for one thing in one venue.")
command_line.add_typer(devices_line, name="devices")


@devices_line.command("add")
def add_device(
    kind: Annotated[str, typer.Argument(help="kiosk or screen.")],
    venue: Annotated[str, typer.Option("--venue", help="The hall it stands in.")],
    label: Annotated[str, typer.Option("--label", help="Where it stands; of nobody a name.")],
) -> None:
    """Name a device; the code to type at its page /device is printed once, and opens once within 15 minutes."""
    wish = _read(NewDevice, kind=kind, venue_id=venue, label=label)

    async def command(connection: Connection, vault: Vault) -> Named:
        return await devices.add(connection, vault, COMMAND_LINE.actor, wish, devices.everywhere)

    named = _run(command)
    _tell_device(named.device)
    console.print(f"code to type at /device, good once: {named.pairing_code}")


@devices_line.command("list")
def list_devices() -> None:
    """List all devices and when each was last seen; those that were revoked last."""

    async def command(connection: Connection, _: Vault) -> list[DeviceView]:
        return (await queries.devices_within(connection, devices.everywhere)).items

    for each in _run(command):
        _tell_device(each)


@devices_line.command("revoke")
def revoke_device(device_id: Annotated[UUID, typer.Argument(help="As `devices list` names it.")]) -> None:
    """Let a device do nothing any more, from this moment and for ever."""

    async def command(connection: Connection, _: Vault) -> Device:
        return await devices.revoke(connection, COMMAND_LINE.actor, device_id, devices.everywhere)

    _tell_device(DeviceView.of(_run(command)))


def _tell_device(device: DeviceView) -> None:
    if device.state == "closed":
        standing = "revoked"
    elif device.last_seen_at is None:
        standing = "not paired"
    else:
        standing = f"last seen {device.last_seen_at:%Y-%m-%d %H:%M} UTC"
    console.print(f"{device.device_id}: {device.kind} of {device.venue_id}, {device.label}: {standing}")


Opening = Callable[[Connection, Vault, str, NewAccount, str], Awaitable[StaffAccount]]
Change = Callable[[Connection, str, UUID], Awaitable[StaffAccount]]


def _open(opening: Opening, wish: NewAccount) -> None:
    initial, password_hash = _initial()
    _tell(_run(lambda connection, vault: opening(connection, vault, COMMAND_LINE.actor, wish, password_hash)))
    console.print(f"password, good once: {initial}")


def _change(login: str, change: Change) -> None:
    async def command(connection: Connection, _: Vault) -> StaffAccount:
        return await change(connection, COMMAND_LINE.actor, (await _find(connection, login)).account_id)

    _tell(_run(command))


async def _find(connection: Connection, login: str) -> StaffAccount:
    found = await queries.find(connection, as_login(login))
    if found is None:
        raise AccountUnknown(login)
    return found


def _initial() -> tuple[str, str]:
    """A password to be handed out, and its hash."""
    initial, hasher = passwords.make_initial(), Hasher(1)
    try:
        return initial, asyncio.run(hasher.hash(initial))
    finally:
        hasher.close()


def _read(kind: type[Request], /, **said: object) -> Request:
    """What was said on the command line, judged as over HTTP."""
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            errors.print(f"{'.'.join(map(str, found['loc'])) or kind.__name__}: {found['msg']}")
    raise typer.Exit(1)


def _run(command: Command[Result]) -> Result:
    """Run a command in one transaction; what refuses it is told, and ends with code 1."""
    settings, vault = AccountsSettings(), Vault(PrivacySettings())
    logs.configure("accounts", "error")

    async def in_transaction() -> Result:
        dsn = settings.database_url.get_secret_value()
        pool = await open_pool(dsn, size=1, application_name="accounts-operator")
        try:
            with acting_as(COMMAND_LINE):
                async with database.transaction(pool) as connection:
                    return await command(connection, vault)
        finally:
            await pool.close()

    try:
        return asyncio.run(in_transaction())
    except Problem as problem:
        errors.print(f"{problem.code}: {problem.detail or problem.title}")
    raise typer.Exit(1)


def _tell(account: StaffAccount) -> None:
    console.print(f"{account.login}: {account.account_id} {account.state}, version {account.version}")

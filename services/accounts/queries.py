"""What is read: accounts, sign-ins, persons, devices, erasures, keys; and whether a token is to be believed here."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.accounts.domain import persons as rules
from services.accounts.domain import problems
from services.accounts.domain.accounts import (
    NAME,
    PEOPLE_MOST,
    PHONE,
    Account,
    Accounts,
    AccountView,
    CitizenAccount,
    CitizenView,
    GrantView,
    KnownPerson,
    People,
    Session,
    Sessions,
    SessionView,
    StaffAccount,
    account_of,
)
from services.accounts.domain.devices import Device, Devices, DeviceView
from services.accounts.domain.erasures import ErasureView
from services.accounts.domain.keys import Jwk, JwkSet
from services.accounts.domain.persons import DocumentView, PersonCard, Persons, PersonView
from services.accounts.sql import accounts, devices, erasures, grants, keys, persons, sessions
from shared.database import Connection
from shared.identity.tokens import Principal, verify
from shared.privacy import Vault, mask_number
from shared.rights.requests import ExportAnswer, ExportSection
from shared.visitors import Document

DEVICES_SHOWN = 500
"""Of a county; those that were revoked fall out first."""


async def find(connection: Connection, login: str) -> StaffAccount | None:
    """The account of a login, if there is one."""
    row = await accounts.select_by_login(connection, login)
    return None if row is None else StaffAccount.of(row)


async def login_of(connection: Connection, account_id: UUID) -> str:
    """By what name somebody signs in. Raises AccountUnknown."""
    row = await accounts.select(connection, account_id)
    if row is None:
        raise problems.AccountUnknown
    return str(row["login"])


async def key_set(connection: Connection) -> JwkSet:
    """The keys whose tokens count or will."""
    rows = await keys.select_all(connection)
    return JwkSet(keys=[Jwk.model_validate(json.loads(row["public_jwk"])) for row in rows])


async def signed(connection: Connection, token: str) -> Principal:
    """Who a token of ours names. Raises SignInNeeded or TokenUnknown."""
    known = await key_set(connection)
    return verify(token, {each.kid: each.public_key() for each in known.keys})


async def asker(connection: Connection, token: str) -> tuple[Principal, StaffAccount | CitizenAccount]:
    """Who asks, by this service's own tables: session, state and roles are those of now, not of the token.

    Raises SignInNeeded or TokenUnknown.
    """
    principal = await signed(connection, token)
    row = await sessions.select(connection, UUID(principal.session_id))
    account_row = await accounts.select(connection, UUID(principal.account_id))
    if row is None or account_row is None or row["account_id"] != account_row["account_id"]:
        raise problems.SignInNeeded
    account = account_of(account_row)
    is_live = Session.of(row).is_live(await accounts.real_now(connection))
    is_void = account.tokens_from is not None and principal.issued_at < account.tokens_from
    if not is_live or is_void or account.state != "active":
        raise problems.SignInNeeded
    return principal, account


async def require_operator(connection: Connection, account: StaffAccount) -> None:
    """Raises AccessDenied for whoever is no operator now."""
    if all(row["role"] != "operator" for row in await grants.select_held(connection, account.account_id)):
        raise problems.AccessDenied


async def account_view(connection: Connection, vault: Vault, account_id: UUID) -> AccountView:
    """An account of the staff's. Raises AccountUnknown."""
    row = await accounts.select(connection, account_id)
    if row is None or row["kind"] != "staff":
        raise problems.AccountUnknown
    held = await grants.select_current(connection, [account_id])
    return _view(StaffAccount.of(row), held, vault)


async def own_view(connection: Connection, vault: Vault, account: Account) -> AccountView | CitizenView:
    """One's own account, of either kind."""
    if isinstance(account, CitizenAccount):
        phone = vault.decrypt(account.phone, PHONE) if account.phone is not None else ""
        return CitizenView(account_id=str(account.account_id), phone_masked=mask_number(phone))
    return await account_view(connection, vault, account.account_id)


async def account_views(connection: Connection, vault: Vault, after: str, limit: int) -> Accounts:
    """A page of accounts."""
    rows = await accounts.select_page(connection, after, limit + 1)
    shown = [StaffAccount.of(row) for row in rows[:limit]]
    held = await grants.select_current(connection, [each.account_id for each in shown])
    return Accounts(
        items=[
            _view(account, [row for row in held if row["account_id"] == account.account_id], vault) for account in shown
        ],
        next_after=shown[-1].login if len(rows) > limit else None,
    )


async def people(connection: Connection, vault: Vault) -> People:
    """Who the staff's accounts are."""
    known = map(StaffAccount.of, await accounts.select_page(connection, "", PEOPLE_MOST))
    return People(
        items=[
            KnownPerson(account_id=str(each.account_id), login=each.login, name=vault.decrypt(each.name, NAME))
            for each in known
        ]
    )


async def own_sessions(connection: Connection, principal: Principal) -> Sessions:
    """Where one is signed in."""
    rows = await sessions.select_live(connection, UUID(principal.account_id))
    return Sessions(
        items=[
            SessionView(
                session_id=str(row["session_id"]),
                created_at=row["created_at"],
                last_seen_at=row["last_seen_at"],
                expires_at=row["expires_at"],
                address=row["address"],
                agent=row["agent"],
                is_this=str(row["session_id"]) == principal.session_id,
            )
            for row in rows
        ]
    )


async def erasure_view(connection: Connection, erasure_id: UUID) -> ErasureView:
    """How an order to forget somebody stands. Raises ErasureUnknown."""
    row = await erasures.select(connection, erasure_id)
    if row is None:
        raise problems.ErasureUnknown
    parts = await erasures.parts_of(connection, erasure_id)
    held = any(part.state == "held" for part in parts) and all(part.state != "waiting" for part in parts)
    return ErasureView(
        erasure_id=str(erasure_id),
        state="completed" if row["completed_at"] is not None else "held" if held else "running",
        basis=row["basis"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        completed_at=row["completed_at"],
        parts=parts,
        proof=json.loads(row["proof"]) if row["proof"] is not None else None,
        proof_hash=row["proof_hash"].hex() if row["proof_hash"] is not None else None,
    )


async def export(connection: Connection, vault: Vault, document_keys: Sequence[bytes]) -> ExportAnswer:
    """Where somebody stands in the lists of those who book for them. Whose lists they are is theirs to tell."""
    rows = await persons.select_of_documents(connection, document_keys)
    kept = [
        {
            "name": vault.decrypt(row["name"], rules.PERSON_NAME),
            "document_type": row["document_type"],
            "document": vault.decrypt(row["number"], rules.PERSON_NUMBER),
        }
        | ({"phone": vault.decrypt(row["phone"], rules.PERSON_PHONE)} if row["phone"] is not None else {})
        for row in rows
    ]
    return ExportAnswer(service="accounts", sections=[ExportSection(name="kept_by_others", items=kept)])


async def export_own(connection: Connection, vault: Vault, account: Account, principal: Principal) -> ExportAnswer:
    """What a citizen's account holds, masked as on their page."""
    shown = await own_view(connection, vault, account)
    kept = await own_persons(connection, vault, account.account_id)
    signed_in = await own_sessions(connection, principal)
    sign_ins = [
        each.model_dump(mode="json", include={"created_at", "last_seen_at", "expires_at", "agent"})
        | {"signed_in_from": each.address}
        for each in signed_in.items
    ]
    return ExportAnswer(
        service="accounts",
        sections=[
            ExportSection(name="account", items=[shown.model_dump(mode="json", include={"phone_masked"})]),
            ExportSection(name="persons", items=[_kept_person(each) for each in kept.items]),
            ExportSection(name="sign_ins", items=sign_ins),
        ],
    )


def _kept_person(person: PersonView) -> dict[str, Any]:
    told = person.model_dump(mode="json", include={"relation", "name", "phone_masked"}, exclude_none=True)
    return told | {"documents": [f"{each.type} {each.number_masked}" for each in person.documents]}


async def own_persons(connection: Connection, vault: Vault, account_id: UUID) -> Persons:
    """All persons that a citizen keeps."""
    rows = await persons.select_all(connection, account_id, rules.PERSONS_MOST)
    return Persons(items=await _person_views(connection, vault, account_id, rows))


async def own_person(connection: Connection, vault: Vault, account_id: UUID, person_id: UUID) -> PersonView:
    """One of them. Raises PersonUnknown, also for somebody else's."""
    row = await persons.select(connection, account_id, person_id)
    if row is None:
        raise problems.PersonUnknown
    (found,) = await _person_views(connection, vault, account_id, [row])
    return found


async def _person_views(
    connection: Connection, vault: Vault, account_id: UUID, rows: Sequence[asyncpg.Record]
) -> list[PersonView]:
    documents = await persons.select_documents(connection, account_id, [row["person_id"] for row in rows])
    return [
        PersonView(
            person_id=str(row["person_id"]),
            relation=row["relation"],
            name=vault.decrypt(row["name"], rules.PERSON_NAME),
            phone_masked=mask_number(vault.decrypt(row["phone"], rules.PERSON_PHONE)) if row["phone"] else None,
            documents=[
                DocumentView(
                    document_id=str(each["document_id"]),
                    type=each["document_type"],
                    number_masked=mask_number(vault.decrypt(each["number"], rules.PERSON_NUMBER)),
                )
                for each in documents
                if each["person_id"] == row["person_id"]
            ],
        )
        for row in rows
    ]


async def person_card(
    connection: Connection, vault: Vault, account_id: UUID, person_id: UUID, document_id: UUID
) -> PersonCard:
    """A person with one document, unmasked. Raises PersonUnknown or DocumentUnknown."""
    row = await persons.select(connection, account_id, person_id)
    if row is None:
        raise problems.PersonUnknown
    documents = await persons.select_documents(connection, account_id, [person_id])
    found = next((each for each in documents if each["document_id"] == document_id), None)
    if found is None:
        raise problems.DocumentUnknown
    return PersonCard(
        person_id=str(person_id),
        document_id=str(document_id),
        name=vault.decrypt(row["name"], rules.PERSON_NAME),
        phone=vault.decrypt(row["phone"], rules.PERSON_PHONE) if row["phone"] else None,
        document=Document(type=found["document_type"], number=vault.decrypt(found["number"], rules.PERSON_NUMBER)),
    )


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of accounts, devices among them, for `republish`."""
    since = UUID(after) if after else UUID(int=0)
    people = await accounts.select_ids(connection, since, limit)
    found = sorted([*people, *await devices.select_ids(connection, since, limit)])
    return [str(each) for each in found[:limit]]


async def devices_within(connection: Connection, may_at: Callable[[str], bool]) -> Devices:
    """The kiosks and screens of the venues that the asker looks after."""
    rows = await devices.select_all(connection, DEVICES_SHOWN)
    return Devices(items=[DeviceView.of(Device.of(row)) for row in rows if may_at(row["venue_id"])])


def _view(account: StaffAccount, held: Sequence[asyncpg.Record], vault: Vault) -> AccountView:
    return AccountView(
        account_id=str(account.account_id),
        login=account.login,
        name=vault.decrypt(account.name, NAME),
        state=account.state,
        official_id=account.official_id,
        enrolled=account.enrolled,
        must_change_password=account.must_change_password,
        telephone=account.totp_secret is not None,
        grants=[
            GrantView(
                grant_id=str(row["grant_id"]),
                role=row["role"],
                department_id=row["department_id"],
                venue_id=row["venue_id"],
                valid_from=row["valid_from"],
                valid_until=row["valid_until"],
            )
            for row in held
        ],
    )

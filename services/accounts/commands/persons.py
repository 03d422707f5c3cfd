"""A citizen's persons: added, changed, forgotten, each under the lock of their account."""

from collections.abc import Sequence
from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import persons as rules
from services.accounts.domain import problems
from services.accounts.domain.persons import NewPerson, PersonChange
from services.accounts.sql import persons
from shared.database import Connection, constraints
from shared.documents import index_type
from shared.privacy import Vault
from shared.visitors import Document

ONCE = {"person_document_once": problems.PersonKnown, "person_self_once": problems.SelfKnown}


async def add(connection: Connection, vault: Vault, account_id: UUID, wish: NewPerson, key: str) -> UUID:
    """Keep a person; with the same key once.

    Raises IdempotencyKeyReused, TooManyPersons, PersonKnown where a document is there already, and SelfKnown.
    """
    await recording.lock_any(connection, account_id)
    command = vault.blind_index(rules.COMMAND, key)
    said = vault.blind_index(rules.SAID, wish.model_dump_json())
    known = await persons.select_by_command(connection, account_id, command)
    if known is not None:
        if known["said"] != said:
            raise problems.IdempotencyKeyReused
        person_id: UUID = known["person_id"]
        return person_id
    if await persons.count(connection, account_id) >= rules.PERSONS_MOST:
        raise problems.TooManyPersons
    with constraints(ONCE):
        person_id = await persons.insert(
            connection,
            account_id=account_id,
            relation=wish.relation,
            name=vault.encrypt(wish.name, rules.PERSON_NAME),
            phone=_phone(vault, wish.phone),
            command=command,
            said=said,
        )
        await _add_documents(connection, vault, account_id, person_id, wish.documents)
    await recording.record(connection, str(account_id), "person_added", account_id, person=str(person_id))
    return person_id


async def change(connection: Connection, vault: Vault, account_id: UUID, person_id: UUID, wish: PersonChange) -> None:
    """Change a person. Raises PersonUnknown, PersonKnown, SelfKnown, DocumentUnknown, DocumentNeeded, TooManyDocuments.

    What is taken away goes first, so that a renewed document takes the place of the old one.
    """
    await recording.lock_any(connection, account_id)
    row = await persons.select(connection, account_id, person_id)
    if row is None:
        raise problems.PersonUnknown
    removed = await persons.delete_documents(connection, account_id, person_id, wish.remove_documents)
    if removed != len(set(wish.remove_documents)):
        raise problems.DocumentUnknown
    with constraints(ONCE):
        await persons.update(
            connection,
            account_id=account_id,
            person_id=person_id,
            relation=wish.relation or row["relation"],
            name=vault.encrypt(wish.name, rules.PERSON_NAME) if wish.name else row["name"],
            phone=_phone(vault, wish.phone) if "phone" in wish.model_fields_set else row["phone"],
        )
        await _add_documents(connection, vault, account_id, person_id, wish.add_documents)
    left = len(await persons.select_documents(connection, account_id, [person_id]))
    if left == 0:
        raise problems.DocumentNeeded
    if left > rules.DOCUMENTS_MOST:
        raise problems.TooManyDocuments
    await recording.record(connection, str(account_id), "person_changed", account_id, person=str(person_id))


async def forget(connection: Connection, account_id: UUID, person_id: UUID) -> None:
    """Forget a person. What was booked for them stays. Raises PersonUnknown."""
    await recording.lock_any(connection, account_id)
    if not await persons.delete(connection, account_id, person_id):
        raise problems.PersonUnknown
    await recording.record(connection, str(account_id), "person_forgotten", account_id, person=str(person_id))


def _phone(vault: Vault, phone: str | None) -> bytes | None:
    return None if phone is None else vault.encrypt(phone, rules.PERSON_PHONE)


async def _add_documents(
    connection: Connection, vault: Vault, account_id: UUID, person_id: UUID, documents: Sequence[Document]
) -> None:
    for each in documents:
        await persons.insert_document(
            connection,
            person_id=person_id,
            account_id=account_id,
            document_type=each.type,
            document_key=vault.document_key(index_type(each.type), each.number),
            number=vault.encrypt(each.number, rules.PERSON_NUMBER),
        )

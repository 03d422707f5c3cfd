"""What an exception says about the message it came from: whether it passes, and what may be written down.

Nothing of a payload or of a row is written down: Postgres names the offending values in the detail of an error and
pydantic repeats its input, so both are left out.
"""

import traceback

import asyncpg
from pydantic import ValidationError

from shared.database import PASSING_ERRORS
from shared.messaging.consumer import findings

ERROR_CHARACTERS = 2_000
STACK_CHARACTERS = 16_000


class HandlerCancelled(Exception):  # noqa: N818  (a noun: what happened)
    """A handler let a cancellation escape although nobody stops the service."""


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed later, the message being as it is.

    asyncpg's complaints about an argument are interface errors too, as are its errors of a connection; but they say
    something about the message.
    """
    if isinstance(error, ValueError | asyncpg.InternalClientError):
        return False
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        return isinstance(error, ConnectionError)
    return isinstance(error, PASSING_ERRORS)


def describe(error: BaseException) -> str:
    """One line on what went wrong, fit for a log and a dead letter."""
    name = type(error).__name__
    if isinstance(error, ValidationError):
        text = findings(error)
    elif isinstance(error, asyncpg.PostgresError):
        parts = (error.sqlstate, error.table_name, error.column_name, error.constraint_name)
        text = " ".join([*(str(each) for each in parts if each), str(error.args[0]) if error.args else ""])
    else:
        text = str(error)
    return storable(f"{name}: {text}")[:ERROR_CHARACTERS]


def stack(error: BaseException) -> str:
    """Where it went wrong: files, lines and functions, no messages."""
    return storable("".join(traceback.format_tb(error.__traceback__)))[-STACK_CHARACTERS:]


def storable(text: str) -> str:
    """`text` as Postgres takes it: without U+0000 and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()

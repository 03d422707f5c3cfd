"""What an exception says about the message it came from: whether it passes, and what may be written down.

Nothing of a payload or of a row is written down: Postgres names offending values in the detail of an error, and in the
message of a data exception, and pydantic repeats its input; all are left out. What any other exception says
is kept, but for long numbers, which may be those of a phone or a document.
"""

import re
import traceback

import asyncpg
from pydantic import ValidationError

from shared.database import PASSING_ERRORS
from shared.messaging.consumer import findings

ERROR_CHARACTERS = 2_000
STACK_CHARACTERS = 16_000
DATA_EXCEPTION = "22"
"""Class of the SQLSTATEs whose messages repeat a value."""
BROKEN_WORK = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""Kinds of OSError that no database and no broker gives."""
LONG_NUMBER = re.compile(r"\d{7,}[Xx]?")


class HandlerCancelled(Exception):  # noqa: N818  (a noun: what happened)
    """A handler let a cancellation escape although nobody stops the service."""


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed later, the message being as it is.

    asyncpg's complaints about an argument are interface errors too, as are its errors of a connection; but they say
    something about the message.
    """
    if isinstance(error, (ValueError, *BROKEN_WORK)):
        return False
    return isinstance(error, PASSING_ERRORS)


def describe(error: BaseException) -> str:
    """One line on what went wrong, fit for a log and a dead letter."""
    name = type(error).__name__
    if isinstance(error, ValidationError):
        text = findings(error)
    elif isinstance(error, asyncpg.PostgresError):
        sqlstate = error.sqlstate or ""
        said = "" if sqlstate.startswith(DATA_EXCEPTION) or not error.args else str(error.args[0])
        parts = (sqlstate, error.table_name, error.column_name, error.constraint_name, said)
        text = " ".join(str(each) for each in parts if each)
    elif isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        text = "an argument of a statement was refused"
    else:
        text = LONG_NUMBER.sub("(number)", str(error))
    return storable(f"{name}: {text}")[:ERROR_CHARACTERS]


def stack(error: BaseException) -> str:
    """Where it went wrong: files, lines and functions, no messages."""
    return storable("".join(traceback.format_tb(error.__traceback__)))[-STACK_CHARACTERS:]


def storable(text: str) -> str:
    """`text` as Postgres takes it: without U+0000 and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()

"""Documents that show who somebody is, each brought into one canonical form, or refused with a stable code.

Codes: `document_format` (length, characters), `document_check_character`, `document_birth_date`.
Check characters and dates are python-stdnum's. Its tables of places are not asked: they date a county's
code from its last renaming, and would refuse whoever was born there before; and its credit codes know
digits alone in front, where village collectives have an N.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Literal

from pydantic_core import PydanticCustomError
from stdnum.cn import ric, uscc

DocumentType = Literal[
    "resident_id",
    "household_register",
    "hk_macao_taiwan_residence",
    "hk_macao_permit",
    "taiwan_permit",
    "permanent_residence",
    "passport",
    "credit_code",
]

RESIDENT_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
CREDIT_CODE = re.compile(r"[1-9A-HJ-NP-RTUWXY][1-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")
HK_MACAO_PERMIT = re.compile(r"([HM][0-9]{8})([0-9]{2})?")
TAIWAN_PERMIT = re.compile(r"([0-9]{8})([0-9]{2})?")
OLD_PERMANENT_RESIDENCE = re.compile(r"[A-Z]{3}[0-9]{12}")
PASSPORT = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}")
HK_MACAO_TAIWAN_PLACES = ("810000", "820000", "830000")
RESIDENT_FORMS = ("resident_id", "household_register", "hk_macao_taiwan_residence", "permanent_residence")
"""Documents whose numbers have a resident ID's form; the older permanent residence's cannot be taken for one."""
OLDEST_BIRTH_YEAR = 1880


def canonical_number(document_type: DocumentType, number: str) -> str:
    """The number in the one form that is stored and indexed. PydanticCustomError with a stable code."""
    text = "".join(unicodedata.normalize("NFKC", number).upper().split()).replace("-", "")
    return READERS[document_type](text)


def index_type(document_type: DocumentType) -> str:
    """The type that a document is indexed under, so that nobody is two persons.

    A household register shows a resident ID's number, and numbers of that form on other documents are typed as such.
    """
    return "resident_id" if document_type in RESIDENT_FORMS else document_type


def birth_date(document_type: DocumentType, number: str) -> date | None:
    """The date of birth within a canonical number; None for a document that carries none."""
    resident = document_type in ("resident_id", "household_register", "hk_macao_taiwan_residence")
    if resident or (document_type == "permanent_residence" and number[0].isdigit()):
        return _date_within(number)
    return None


def is_person(document_type: DocumentType | None) -> bool:
    """Whether the document names one person, who can be in one place only; a firm can send several."""
    return document_type is not None and document_type != "credit_code"


def _malformed() -> PydanticCustomError:
    return PydanticCustomError("document_format", "the number has another form on this kind of document")


def _check_character() -> PydanticCustomError:
    return PydanticCustomError("document_check_character", "the check character does not match: a character is wrong")


def _date_within(number: str) -> date:
    """The eight digits of the date of birth. ValueError where there is no such day."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def _resident_number(text: str) -> str:
    if not RESIDENT_NUMBER.fullmatch(text):
        raise _malformed()
    if text[-1] != ric.calc_check_digit(text):
        raise _check_character()
    try:
        born_on = _date_within(text)
    except ValueError:
        born_on = None
    if born_on is None or born_on.year < OLDEST_BIRTH_YEAR:
        raise PydanticCustomError("document_birth_date", "the number holds a date of birth that cannot be")
    return text


def _hk_macao_taiwan_residence(text: str) -> str:
    if not text.startswith(HK_MACAO_TAIWAN_PLACES):
        raise _malformed()
    return _resident_number(text)


def _permanent_residence(text: str) -> str:
    if OLD_PERMANENT_RESIDENCE.fullmatch(text):
        return text
    if not text.startswith("9"):
        raise _malformed()
    return _resident_number(text)


def _without_issue(form: re.Pattern[str], text: str) -> str:
    """The last two digits of the older cards count the issues of one number."""
    found = form.fullmatch(text)
    if found is None:
        raise _malformed()
    return found[1]


def _credit_code(text: str) -> str:
    if not CREDIT_CODE.fullmatch(text):
        raise _malformed()
    if text[-1] != uscc.calc_check_digit(text):
        raise _check_character()
    return text


def _passport(text: str) -> str:
    if not PASSPORT.fullmatch(text):
        raise _malformed()
    return text


READERS: dict[DocumentType, Callable[[str], str]] = {
    "resident_id": _resident_number,
    "household_register": _resident_number,
    "hk_macao_taiwan_residence": _hk_macao_taiwan_residence,
    "hk_macao_permit": partial(_without_issue, HK_MACAO_PERMIT),
    "taiwan_permit": partial(_without_issue, TAIWAN_PERMIT),
    "permanent_residence": _permanent_residence,
    "passport": _passport,
    "credit_code": _credit_code,
}

"""The pages' plain rules, and their catalogues."""

from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import get_args

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from services.web import catalogues
from services.web.domain import DOCUMENT_TYPES, Booking, length_finding, lookup_digits, remaining
from services.web.forms import Details, Unreadable, found_here, read_pairs, whole_number
from services.web.languages import CHINESE, ENGLISH, LOCALES
from services.web.names import romanised
from services.web.refusals import (
    AWAY,
    AWAY_WITH_FORM,
    DRAFT_GONE,
    EXPORT_AWAY,
    NOT_YET,
    OURS,
    REFUSALS,
    UNKNOWN,
)
from shared.documents import DocumentType
from tests.unit.web_county import booking

NOW = datetime(2026, 12, 1, 8, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [
        (timedelta(days=2, hours=3), (2, 3, 0)),
        (timedelta(minutes=59, seconds=1), (0, 1, 0)),
        (timedelta(seconds=1), (0, 0, 1)),
        (timedelta(0), (0, 0, 0)),
        (-timedelta(days=1), (0, 0, 0)),
    ],
)
def test_what_remains_is_rounded_up_and_never_negative(ahead, shown):
    assert remaining(NOW + ahead, NOW) == shown


@pytest.mark.parametrize(
    ("document", "phone", "masked", "digits"),
    [
        ("11010519491231002x", "", {"phone_masked": None}, "002X"),
        ("11010519491231002X", "+86 139 0000 2741", {}, "2741"),
        # The last two digits of an older permit count its issues; booking drops them.
        ("H1234567801", "", {"document_masked": "H****5678", "phone_masked": None}, "5678"),
        # Of a short number booking shows two.
        ("G-1234 5", "", {"document_masked": "****45", "phone_masked": None}, "2345"),
        ("ｇ１２３４５６", "", {"document_masked": "*****56", "phone_masked": None}, "3456"),
    ],
)
def test_a_booking_is_found_again_by_what_booking_keeps(document, phone, masked, digits):
    shown = Booking.model_validate(booking(**masked))
    assert lookup_digits(shown, document, phone) == digits


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("resident_id", "11010519491231002X", None),
        ("resident_id", "110105 19491231 002X", None),
        ("resident_id", "1101051949123100", (16, 18)),
        ("resident_id", "", None),
        ("mobile", "139 0000 274", (10, 11)),
        ("mobile", "+1 212 555 0100", None),
        ("mobile", "0731-8888888", None),
        ("passport", "G1", None),
    ],
)
def test_only_what_a_length_alone_shows_is_told_by_it(kind, value, found):
    assert length_finding(kind, value) == found


def test_the_form_offers_the_documents_that_booking_takes():
    assert set(DOCUMENT_TYPES) == set(get_args(DocumentType))


@given(st.text(max_size=400))
def test_any_typed_text_is_judged_without_an_error(text):
    for name in asdict(Details()):
        found_here(Details(**{name: text}), CHINESE)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(encoded):
    try:
        read_pairs(encoded)
    except Unreadable:
        return


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2), ("２", 2), ("-1", None), ("1e3", None), ("", None), ("²", 2), ("9" * 10, None)]
)
def test_a_number_is_read_as_people_type_it(text, number):
    assert whole_number(text) == number


def test_days_read_as_people_write_them():
    day = NOW.date().replace(month=1, day=4)
    assert CHINESE.day(day) == "2026年1月4日 星期日"
    assert ENGLISH.day(day) == "Sunday 4 January 2026"
    assert ENGLISH.phone("12345 转 2") == "12345 ext. 2"


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("王桂兰", "Wang Guilan"),
        ("单小英", "Shan Xiaoying"),
        ("曾国强", "Zeng Guoqiang"),
        ("仇和", "Qiu He"),
        ("吕绿", "Lyu Lyu"),
        ("欧阳明", "Ouyang Ming"),
        ("东方", "Dong Fang"),
        ("张西安", "Zhang Xi'an"),
        ("单单", "Shan Dan"),
        ("李长安", "Li Chang'an"),
        ("赵晟", "Zhao Sheng"),
        ("Anna", ""),
        ("阿卜杜拉·买买提", ""),
        ("", ""),
    ],
)
def test_a_chinese_name_is_written_as_passports_do(name, latin):
    assert romanised(name) == latin
    assert ENGLISH.person(name) == (f"{latin} {name}" if latin else name)
    assert CHINESE.person(name) == name


def test_every_phrase_is_translated_and_no_translation_is_left_over():
    with (LOCALES / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    said = {each.id for each in catalogues.source() if each.id}
    translated = {each.id: each.string for each in catalogue if each.id}
    assert said == set(translated), "python -m services.web phrases"
    assert all(all(each) if isinstance(each, tuple) else each for each in translated.values())
    assert not catalogue.obsolete


def test_every_placeholder_is_kept():
    with (LOCALES / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    assert [error for _, errors in catalogue.check() for error in errors] == []
    for each in catalogue:
        texts = [each.string] if isinstance(each.string, str) else each.string
        source = each.id if isinstance(each.id, str) else (each.id or ("",))[0]
        for text in texts:
            assert sorted(_names(source)) == sorted(_names(text)), source


def _names(text):
    return [part.split(")")[0] for part in text.split("%(")[1:]]


@pytest.mark.parametrize(
    "refusal",
    [*REFUSALS.values(), *AWAY.values(), *OURS.values(), UNKNOWN, NOT_YET, AWAY_WITH_FORM, EXPORT_AWAY, DRAFT_GONE],
    ids=lambda each: each.heading,
)
def test_every_refusal_has_a_heading_and_a_next_step_in_both_languages(refusal):
    for text in (refusal.heading, refusal.next_step):
        assert text
        assert ENGLISH.say(text) != text

"""What a visitor may send: documents, phones, names, codes."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from stdnum.cn import ric, uscc

from services.booking.domain import codes
from services.booking.domain.requests import BookingRequest, Email, Name, Note, Phone
from shared.documents import birth_date, canonical_number, index_type
from shared.visitors import takes_texts


def checked(body):
    return body + ric.calc_check_digit(body + "0")


def refusal(kind, value):
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    (found,) = refused.value.errors()
    return found["type"]


@pytest.mark.parametrize(
    ("document_type", "typed", "canonical"),
    [
        ("resident_id", "11010519491231002x", "11010519491231002X"),
        ("resident_id", " 110105 19491231 002X ", "11010519491231002X"),
        ("resident_id", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("resident_id", "11010519491231002\u2169", "11010519491231002X"),
        ("resident_id", checked("13012319500101001"), checked("13012319500101001")),
        ("household_register", "11010519491231002X", "11010519491231002X"),
        ("hk_macao_taiwan_residence", checked("81000019900101001"), checked("81000019900101001")),
        ("hk_macao_permit", "h12345678", "H12345678"),
        ("hk_macao_permit", "M1234567801", "M12345678"),
        ("taiwan_permit", "12345678", "12345678"),
        ("taiwan_permit", "1234567802", "12345678"),
        ("permanent_residence", "usa110065123456", "USA110065123456"),
        ("permanent_residence", checked("93115619800101001"), checked("93115619800101001")),
        ("passport", "e12345678", "E12345678"),
        ("credit_code", "91110000600037341l", "91110000600037341L"),
    ],
)
def test_a_document_has_one_form(document_type, typed, canonical):
    assert canonical_number(document_type, typed) == canonical


def test_whoever_was_born_before_their_countys_code_is_no_stranger():
    assert canonical_number("resident_id", checked("13012319500101001")), "行唐's neighbour has its code since 1986"


def test_a_village_collectives_code_begins_with_a_letter():
    body = "N2330106MA2XXX012".replace("XXX", "ABC")
    assert canonical_number("credit_code", body + uscc.calc_check_digit(body)).startswith("N2")


@pytest.mark.parametrize(
    ("document_type", "number", "code"),
    [
        ("resident_id", "110105194912310021", "document_check_character"),
        ("resident_id", "11010519491231002", "document_format"),
        ("resident_id", "11010519491231002Y", "document_format"),
        ("resident_id", "", "document_format"),
        ("resident_id", checked("11010519491331002"), "document_birth_date"),
        ("resident_id", checked("11010519490229002"), "document_birth_date"),
        ("hk_macao_taiwan_residence", "11010519491231002X", "document_format"),
        ("hk_macao_permit", "A12345678", "document_format"),
        ("taiwan_permit", "1234567", "document_format"),
        ("permanent_residence", "US110065123456", "document_format"),
        ("permanent_residence", "931156198001010010", "document_check_character"),
        ("passport", "ABCDEFG", "document_format"),
        ("passport", "E1234\u0000678", "document_format"),
        ("credit_code", "911100006000373410", "document_check_character"),
        ("credit_code", "91110000600037341I", "document_format"),
    ],
)
def test_a_wrong_document_has_a_stable_code(document_type, number, code):
    if document_type == "permanent_residence" and code == "document_check_character":
        right = checked(number[:-1])
        number = right[:-1] + ("1" if right[-1] != "1" else "2")
    with pytest.raises(PydanticCustomError) as refused:
        canonical_number(document_type, number)
    assert refused.value.type == code


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_document(text):
    for document_type in ("resident_id", "passport", "credit_code", "permanent_residence", "taiwan_permit"):
        try:
            number = canonical_number(document_type, text)
        except PydanticCustomError:
            continue
        assert re.fullmatch(r"[A-Z0-9]+", number)
        assert canonical_number(document_type, number) == number
        birth_date(document_type, number)


@given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_of_an_id_is_always_found(body, place, shift):
    number = checked(f"{body:017}")
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(PydanticCustomError):
        canonical_number("resident_id", wrong)


def test_dates_of_birth_and_index_types():
    assert birth_date("resident_id", "11010519491231002X") == date(1949, 12, 31)
    assert birth_date("passport", "E12345678") is None
    assert birth_date("permanent_residence", "USA110065123456") is None
    assert index_type("household_register") == index_type("resident_id")
    assert index_type("passport") != index_type("resident_id")


@pytest.mark.parametrize("document_type", ["hk_macao_taiwan_residence", "permanent_residence"])
def test_one_number_typed_as_another_document_is_still_one_person(document_type):
    number = checked({"hk_macao_taiwan_residence": "83000019900101001"}.get(document_type, "91134419900101001"))
    assert canonical_number(document_type, number) == canonical_number("resident_id", number)
    assert index_type(document_type) == index_type("resident_id")


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("0571-88888888", "+8657188888888"),
        ("+886 912 345 678", "+886912345678"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_a_phone_has_one_form(typed, canonical):
    assert TypeAdapter(Phone).validate_python(typed) == canonical


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("88888888", "phone_area"),
        ("5551234", "phone_area"),
        ("+86 5551234", "phone_area"),
        ("1380013800", "phone_invalid"),
        ("没有", "phone_invalid"),
        ("+999 12345678", "phone_region"),
        ("13800138000\u0000", "text_control_character"),
        ("13800138000 ext. 5", "phone_invalid"),
        ("", "string_too_short"),
    ],
)
def test_a_wrong_phone_has_a_stable_code(typed, code):
    assert refusal(Phone, typed) == code


@pytest.mark.parametrize(
    ("phone", "takes"),
    [("+8613800138000", True), ("+8657188888888", False), ("+16502530000", True), ("+498912345678", False)],
)
def test_a_landline_takes_no_text_messages(phone, takes):
    assert takes_texts(phone) is takes


@pytest.mark.parametrize(
    "name", ["王桂兰", "阿依古丽·买买提", "Jean-Luc O'Neil", "𠮷野", "\U00031350某", "\U00031350", "\ue863"]
)
def test_names_as_people_bear_them(name):
    assert TypeAdapter(Name).validate_python(f"  {name} ") == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("123", "name_characters"),
        ("···", "name_characters"),
        ("王\u0000", "text_control_character"),
        ("王\u202e兰", "text_control_character"),
        ("王\n兰", "text_control_character"),
        ("王" * 61, "string_too_long"),
        (" ", "name_characters"),
    ],
)
def test_a_wrong_name_has_a_stable_code(name, code):
    assert refusal(Name, name) == code


def test_a_text_is_composed_and_of_one_line():
    assert TypeAdapter(Name).validate_python("Zoe\u0308") == "Zoë"
    assert TypeAdapter(Note).validate_python(" 路\r\n不\t通 ") == "路 不 通"
    assert refusal(Note, "字" * 201) == "string_too_long"
    assert refusal(Email, "王@例子.cn") == "email_invalid"


@given(st.text(max_size=60))
def test_no_name_with_a_control_character_comes_through(text):
    try:
        name = TypeAdapter(Name).validate_python(text)
    except ValidationError:
        return
    assert "\0" not in name
    assert name.isprintable() or any(ord(each) > 127 for each in name)


def test_a_code_is_spoken_in_two_groups_and_every_slip_is_found():
    code = codes.make_code()
    assert re.fullmatch(r"[0-9]{4} [0-9]{4}", codes.spoken(code))
    assert codes.parse_code(codes.spoken(code)) == code
    assert codes.parse_code("-".join("".join(chr(ord(each) + 0xFEE0) for each in code))) == code
    for place in range(8):
        for digit in "0123456789":
            slip = code[:place] + digit + code[place + 1 :]
            if slip != code:
                with pytest.raises(PydanticCustomError) as refused:
                    codes.parse_code(slip)
                assert refused.value.type == "code_check_character"
    for place in range(7):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        if swapped != code:
            with pytest.raises(PydanticCustomError):
                codes.parse_code(swapped)


def test_codes_do_not_repeat_more_than_chance_lets_them():
    assert len({codes.make_code() for _ in range(2000)}) > 1990


def test_digits_are_the_last_four_in_any_width():
    assert codes.parse_digits("００2ｘ") == "002X"
    for wrong in ("123", "12345", "12 4", "１\u00004"):
        with pytest.raises(PydanticCustomError):
            codes.parse_digits(wrong)


def test_an_unknown_type_of_document_is_told_as_such_and_not_as_a_wrong_number():
    with pytest.raises(ValidationError) as refused:
        BookingRequest.model_validate(
            {"slot_id": 1, "matter_id": "m", "visitor": {"name": "王", "document": {"type": "card", "number": "1"}}}
        )
    assert [(each["loc"], each["type"]) for each in refused.value.errors()] == [
        (("visitor", "document", "type"), "literal_error")
    ]

"""Personal data at rest: nobody without the keys learns anything, and nothing is mixed up."""

import base64

import pytest
from pydantic import ValidationError

from shared.privacy import PrivacySettings, UnreadableValue, Vault, mask_name, mask_number


def settings(keys=("k1",), index=b"i"):
    return PrivacySettings(
        encryption_keys={key: base64.b64encode(key.encode() * 16).decode() for key in keys},
        index_key=base64.b64encode(index * 32).decode(),
    )


def test_what_was_encrypted_is_read_again_and_never_the_same_twice():
    vault = Vault(settings())
    first, second = (vault.encrypt("110101199003070038", "document") for _ in range(2))
    assert first != second
    assert b"1990" not in first
    assert vault.decrypt(first, "document") == vault.decrypt(second, "document") == "110101199003070038"


def test_a_rotated_key_still_reads_what_the_old_one_wrote():
    old = Vault(settings()).encrypt("王桂兰", "name")
    both = Vault(settings(("k1", "k2")))
    assert both.decrypt(old, "name") == "王桂兰"
    assert both.encrypt("王桂兰", "name")[1:3] == b"k2"


@pytest.mark.parametrize(
    "spoil", [lambda v: v[:-1] + bytes([v[-1] ^ 1]), lambda v: v[:5], lambda _: b"", lambda v: b"\x02zz" + v[3:]]
)
def test_a_changed_value_is_refused(spoil):
    vault = Vault(settings())
    with pytest.raises(UnreadableValue):
        vault.decrypt(spoil(vault.encrypt("13900002741", "phone")), "phone")


def test_a_value_does_not_open_for_another_purpose():
    vault = Vault(settings())
    with pytest.raises(UnreadableValue):
        vault.decrypt(vault.encrypt("13900002741", "phone"), "document")


def test_the_blind_index_is_equal_everywhere_and_tells_types_apart():
    one, other = Vault(settings()), Vault(settings(("k9",)))
    assert one.document_key("passport", "E1") == other.document_key("passport", "E1")
    assert one.document_key("passport", "E1") != one.document_key("resident_id", "E1")
    assert one.document_key("passport", "E1") != Vault(settings(index=b"j")).document_key("passport", "E1")


def test_a_short_key_stops_the_start():
    with pytest.raises(ValidationError):
        PrivacySettings(encryption_keys={"k1": "AAAA"}, index_key=base64.b64encode(b"i" * 32).decode())
    with pytest.raises(ValidationError):
        PrivacySettings(encryption_keys={"k1": base64.b64encode(b"i" * 32).decode()}, index_key="AAAA")


def test_masks():
    assert mask_number("412345199001012741") == "4*************2741"
    assert mask_number("61234567") == "******67"
    assert mask_name("王桂兰") == "王**"
    assert mask_name("") == "*"

"""The rules of accounts: passwords, codes, keys, when a token counts."""

import json
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from services.accounts.domain import codes, keys, passwords
from services.accounts.domain.accounts import tokens_from_now
from services.accounts.domain.problems import InvalidRequest
from services.accounts.domain.requests import NewAccount, NewPassword, SignIn, as_login

NOW = datetime(2026, 12, 1, 1, 0, 0, 250_000, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "password_too_short"),
        ("x" * 64 + "abcdefgh" * 9, "password_too_long"),
        ("abcdabcdabcdabcd", "password_too_simple"),
        ("WANG.guilan.2026", "password_is_login"),
        ("ﷺ" * 8, "password_too_long"),  # one character that stands for eighteen
    ],
)
def test_a_password_that_is_none(password, code):
    with pytest.raises(InvalidRequest) as refused:
        passwords.check_new(password, "wang.guilan.2026")
    assert [each.code for each in refused.value.errors] == [code]


@pytest.mark.parametrize("password", ["twelve chars", "正确的马电池订书钉还要更长", "abcde" * 25 + "xyz"])
def test_a_password_of_any_kind_of_characters(password):
    assert passwords.check_new(password, "wang.guilan") == password


def test_a_password_is_the_same_from_every_keyboard():
    assert passwords.normalise("Cafe\u0301 ＡＢＣ") == passwords.normalise("Café ABC")


def test_what_we_make_is_a_password_and_never_the_same():
    made = {passwords.make_initial() for _ in range(200)}
    assert len(made) == 200
    for each in made:
        assert passwords.check_new(each, "wang.guilan") == each


def test_a_password_is_shown_nowhere():
    for wish in (
        SignIn(login="a", password="secret words"),
        NewPassword(password="secret words", new_password="secret words"),
    ):
        assert "secret words" not in repr(wish)
        assert "secret words" not in wish.model_dump_json()


@pytest.mark.parametrize(("step", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_one_step_before_and_after(step, is_taken):
    code = pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30 * step))
    assert (codes.counter_of(code, SECRET, NOW, 0) is not None) is is_taken


def test_a_code_counts_once_and_none_before_it_does():
    present = codes.counter_of(pyotp.TOTP(SECRET).at(NOW), SECRET, NOW, 0)
    assert present == int(NOW.timestamp()) // 30
    for step in (-1, 0):
        assert codes.counter_of(pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30 * step)), SECRET, NOW, present) is None
    assert codes.counter_of(pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30)), SECRET, NOW, present) == present + 1


@pytest.mark.parametrize("code", ["", "１２３４５６", "12345", "1234567", "abcdef", "🙂"])
def test_what_is_no_code_is_refused(code):
    assert codes.counter_of(code, SECRET, NOW, 0) is None


def test_codes_on_paper_are_read_however_they_are_typed():
    made = codes.make_recovery_codes()
    assert len(set(made)) == 8
    assert codes.typed(f" {made[0].upper()} ") == codes.typed(made[0].replace("-", " "))


def test_a_key_says_of_itself_what_the_standard_wants():
    made = keys.make()
    assert keys.read_private(made.private).public_key() == made.jwk.public_key()
    # RFC 8037, appendix A.3: the thumbprint of the key of its example.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    import hashlib  # noqa: PLC0415  (only here)

    assert keys._base64url(hashlib.sha256(members.encode()).digest()) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_when_the_next_key_is_made():
    assert keys.next_signs_from(None, NOW) == NOW
    assert keys.next_signs_from(NOW - timedelta(days=28), NOW) is None
    assert keys.next_signs_from(NOW - timedelta(days=29), NOW) == NOW + timedelta(days=1)
    assert keys.next_signs_from(NOW + timedelta(hours=1), NOW) is None
    assert keys.next_signs_from(NOW - timedelta(days=90), NOW) == NOW + timedelta(days=1)


def test_tokens_count_from_the_instant_after_a_change_and_never_from_an_earlier_one():
    first = tokens_from_now(NOW, None)
    assert first == NOW + timedelta(microseconds=1)
    assert tokens_from_now(NOW, first) == first + timedelta(microseconds=1)
    assert tokens_from_now(NOW - timedelta(minutes=1), first) > first, "the clock was set back"
    assert tokens_from_now(NOW + timedelta(hours=1), first) == NOW + timedelta(hours=1, microseconds=1)


@pytest.mark.parametrize("login", ["ab", "-abc", "Wang", "a b c", "王桂兰", "a" * 65, "a\0bc"])
def test_a_login_that_is_none(login):
    with pytest.raises(ValueError, match="login"):
        NewAccount(login=login, name="王桂兰")


def test_a_login_is_typed_in_any_case():
    assert as_login("  Wang.GuiLan ") == "wang.guilan"

"""What an ID token must be to be believed: each thing that is wrong with one, wrong alone."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from pydantic import ValidationError

from services.accounts.commands.federating import seal, unseal
from services.accounts.domain.federation import (
    ALGORITHMS,
    QUESTION,
    QUESTION_LIVES,
    TICKET,
    KeyUnknown,
    Question,
    Ticket,
    read_id_token,
    read_keys,
)
from services.accounts.domain.problems import OidcExpired, OidcRefused
from services.accounts.settings import AccountsSettings
from shared.privacy import PrivacySettings, Vault

ISSUER, CLIENT, NONCE = "https://id.county.example/o", "service-day", "n" * 43
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
KEYS = read_keys({"keys": [KEY.as_dict(private=False)]})


def token(*, key=KEY, header=None, **changes):
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "4711", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": NONCE} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "k1"} | (header or {}), kept, key, algorithms=[*ALGORITHMS, "HS256"])


def read(shown, keys=KEYS, **changes):
    asked = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "access_token": None} | changes
    return read_id_token(shown, keys, **asked)


def test_a_token_that_is_right_says_who():
    found = read(token(preferred_username=" Wang.Guilan ", email="w@county.example", amr=["pwd"]))
    assert (found.issuer, found.subject) == (ISSUER, "4711")
    assert found.logins == ("wang.guilan",), "the mail address was not verified"
    assert not found.second_factor
    assert read(token(email="W@county.example", email_verified=True)).logins == ("w@county.example",)
    assert read(token(amr=["pwd", "mfa"])).second_factor
    assert read(token(acr="loa2"), second_factor_acr=("loa2",)).second_factor
    assert not read(token(acr="loa2")).second_factor
    assert read(token(aud=[CLIENT, "another"], azp=CLIENT)).subject == "4711"


def test_no_other_name_at_the_provider_becomes_ones_login():
    assert read(token(preferred_username="\u212aim.li")).logins == (), "a Kelvin sign, which is a k in small letters"
    assert read(token(preferred_username="王桂兰")).logins == ()


NOW = int(time.time())
"""When the tests were collected; whatever lies ahead of it here still does when they run."""


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.county.example/o/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": "another", "azp": CLIENT},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"exp": NOW - 120},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 86_400, "exp": NOW + 87_000},
        {"iat": None},
        {"nbf": NOW + 86_400},
        {"nonce": "m" * 43},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 4711},
        {"sub": "x" * 256},
        {"amr": "mfa"},
        {"at_hash": "bm90IHRoZSBoYXNo"},
    ],
    ids=str,
)
def test_a_token_that_is_wrong_in_one_thing_is_refused(changes):
    with pytest.raises(OidcRefused):
        read(token(**changes), access_token="an access token")


def test_a_minute_between_two_clocks_is_forgiven_and_no_more():
    now = int(time.time())
    assert read(token(exp=now - 50)).subject == "4711"
    with pytest.raises(OidcRefused):
        read(token(exp=now - 70))
    assert read(token(iat=now + 50)).subject == "4711"
    with pytest.raises(OidcRefused):
        read(token(iat=now + 70))


def test_no_shared_secret_signs_even_if_the_provider_lists_it():
    made = OctKey.generate_key(256, {"kid": "k1"})
    keys = read_keys({"keys": [made.as_dict(private=True), KEY.as_dict(private=False)]})
    assert [each.key_type for each in keys] == ["RSA"]
    with pytest.raises(OidcRefused):
        read(token(key=made, header={"alg": "HS256"}), [made, *keys])


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ECKey.generate_key("P-256", {"kid": "e1"}), "ES256"), (OKPKey.generate_key("Ed25519", {"kid": "o1"}), "EdDSA")],
)
def test_other_public_keys_sign_as_well(key, algorithm):
    keys = read_keys({"keys": [KEY.as_dict(private=False), key.as_dict(private=False)]})
    assert read(token(key=key, header={"alg": algorithm, "kid": key.kid}), keys).subject == "4711"


def test_an_unknown_key_is_told_apart_so_that_the_keys_are_asked_for_again():
    with pytest.raises(KeyUnknown):
        read(token(header={"kid": "k2"}))


@pytest.mark.parametrize("shown", [None, 7, "", "a.b", "a.b.c", "é.b.c", "x" * 20_000])
def test_what_is_no_token_is_refused(shown):
    with pytest.raises(OidcRefused):
        read(shown)


@pytest.mark.parametrize(
    "found", [None, [], {}, {"keys": None}, {"keys": [1, {"kty": "RSA"}, {"kty": "EC", "crv": "x"}]}]
)
def test_keys_that_cannot_be_read_are_left_out(found):
    assert read_keys(found) == []
    assert read_keys({"keys": [{**KEY.as_dict(private=False), "use": "enc"}]}) == []


@pytest.fixture
def vault(settings_env):
    import json  # noqa: PLC0415  (only here)

    keys = json.loads(settings_env["PRIVACY_ENCRYPTION_KEYS"])
    return Vault(PrivacySettings(encryption_keys=keys, index_key=settings_env["PRIVACY_INDEX_KEY"]))


def test_what_the_browser_keeps_opens_for_its_purpose_and_time_alone(vault):
    question = Question.new("https://hall.example/sign-in/oidc/back")
    sealed, now = seal(vault, question, QUESTION), datetime.now(UTC)
    assert unseal(vault, sealed, QUESTION, Question, now, QUESTION_LIVES) == question
    assert question.verifier not in sealed
    for bad, purpose, kind, when in (
        (sealed, TICKET, Ticket, now),
        (sealed[:-6] + "AAAA==", QUESTION, Question, now),
        ("not base64!", QUESTION, Question, now),
        ("", QUESTION, Question, now),
        (sealed, QUESTION, Question, now + QUESTION_LIVES + timedelta(seconds=1)),
        (sealed, QUESTION, Question, now - timedelta(minutes=5)),
    ):
        with pytest.raises(OidcExpired):
            unseal(vault, bad, purpose, kind, when, QUESTION_LIVES)


CLIENT_OF = {"OIDC_CLIENT_ID": "service-day", "OIDC_CLIENT_SECRET": "secret"}


@pytest.mark.parametrize(
    ("told", "is_taken"),
    [
        ({}, True),
        ({"OIDC_ISSUER": ISSUER, **CLIENT_OF}, True),
        ({"OIDC_ISSUER": "http://127.0.0.1:9/o", **CLIENT_OF}, True),
        ({"OIDC_ISSUER": "http://id.county.example/o", **CLIENT_OF}, False),
        ({"OIDC_ISSUER": "https://id.county.example/o?tenant=1", **CLIENT_OF}, False),
        ({"OIDC_ISSUER": ISSUER}, False),
        ({"OIDC_ISSUER": ISSUER, "OIDC_CLIENT_ID": "service-day"}, False),
        ({"OIDC_ISSUER": ISSUER, **CLIENT_OF, "OIDC_SECOND_FACTOR": "none"}, False),
    ],
)
def test_settings_that_would_not_hold_stop_the_start(told, is_taken, settings_env, monkeypatch):
    for name, value in {**settings_env, **told}.items():
        monkeypatch.setenv(name, value)
    if is_taken:
        read_settings = AccountsSettings()
        assert read_settings.oidc_second_factor == "required"
        assert not read_settings.oidc_link_by_login
    else:
        with pytest.raises(ValidationError):
            AccountsSettings()

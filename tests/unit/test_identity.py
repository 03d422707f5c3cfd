"""What a token is believed for, by whom, and until when."""

import asyncio
import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import get_args

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request

from shared.identity import recognition as recognised
from shared.identity.keys import PATH, IdentityUnavailable, Keys
from shared.identity.recognition import Recognition, token_of
from shared.identity.standing import Standing, Standings
from shared.identity.tokens import (
    ISSUER,
    LEEWAY_SECONDS,
    TOKEN_SECONDS,
    Held,
    Place,
    Principal,
    Reach,
    SignInNeeded,
    TokenUnknown,
    issue,
    key_id_of,
    verify,
)

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = {"k1": KEY.public_key()}


def principal(*, age=0.0, **changes):
    issued = datetime.now(UTC) - timedelta(seconds=age)
    return Principal(
        **{
            "account_id": "acc-1",
            "session_id": "ses-1",
            "kind": "staff",
            "issued_at": issued,
            "expires_at": issued + timedelta(seconds=TOKEN_SECONDS),
            "held": (Held(role="window_staff", department_id="tax"),),
            "official_id": "zhou",
        }
        | changes
    )


def claims(**changes):
    now = datetime.now(UTC).timestamp()
    return {
        "iss": ISSUER, "aud": ISSUER, "sub": "acc-1", "sid": "ses-1", "kind": "staff", "iat": now, "exp": now + 600,
    } | changes  # fmt: skip


def signed(key=KEY, algorithm="EdDSA", kid="k1", **changes):
    said = {name: value for name, value in claims(**changes).items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid})


def unsigned(header, said):
    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(said)}."


def public_set(**keys):
    return {
        "keys": [
            {
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid,
                "x": base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode(),
            }
            for kid, key in keys.items()
        ]
    }  # fmt: skip


def test_what_was_issued_is_read_again_to_the_microsecond():
    said = principal()
    found = verify(issue(said, KEY, "k1"), KEYS)
    assert found == said


HALL, LAND, TAX = Place("hall"), Place("hall", "land"), Place("hall", "tax")
EVERYWHERE, IN_HALL, AT_LAND = (
    Held(role="director"),
    Held(role="director", venue_id="hall"),
    Held(role="director", department_id="land"),
)
ELSEWHERE = Held(role="director", venue_id="other")


@pytest.mark.parametrize(
    ("held", "place", "reaches"),
    [
        (EVERYWHERE, LAND, {"there", "hall", "venue", "anywhere"}),
        (IN_HALL, LAND, {"there", "hall", "venue", "anywhere"}),
        (IN_HALL, HALL, {"there", "hall", "venue", "anywhere"}),
        (AT_LAND, LAND, {"there", "venue", "anywhere"}),
        (AT_LAND, TAX, {"venue", "anywhere"}),
        (AT_LAND, HALL, {"venue", "anywhere"}),
        (ELSEWHERE, LAND, {"anywhere"}),
    ],
)
def test_a_role_reaches_as_far_as_it_is_held(held, place, reaches):
    assert {each for each in get_args(Reach) if held.reaches(place, each)} == reaches


FORGED = {
    "another key": lambda: signed(OTHER),
    "an unknown key id": lambda: signed(kid="k9"),
    "no signature": lambda: unsigned({"alg": "none", "kid": "k1"}, claims()),
    "our public key as a shared secret": lambda: jwt.encode(
        claims(),
        base64.urlsafe_b64encode(KEY.public_key().public_bytes_raw()),
        algorithm="HS256",
        headers={"kid": "k1"},
    ),
    "another issuer": lambda: signed(iss="elsewhere"),
    "for somebody else": lambda: signed(aud="elsewhere"),
    "from the future": lambda: signed(iat=datetime.now(UTC).timestamp() + LEEWAY_SECONDS + 60),
    "longer than ours live": lambda: signed(exp=datetime.now(UTC).timestamp() + TOKEN_SECONDS + 60),
    "without an end": lambda: signed(exp=None),
    "without a sign-in": lambda: signed(sid=None),
    "an unknown role": lambda: signed(held=[{"role": "emperor"}]),
    "an unknown kind": lambda: signed(kind="ghost"),
    "a kid that is no text": lambda: unsigned({"alg": "EdDSA", "kid": 7}, claims()),
    "no token at all": lambda: "x",
    "far too long": lambda: "x" * 10_000,
    "bytes of no alphabet": lambda: "ü.ü.ü",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_is_not_ours_is_not_believed(forged):
    with pytest.raises(TokenUnknown):
        verify(forged(), KEYS)


def test_the_signature_covers_what_is_said():
    head, _, tail = signed().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="acc-2")).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenUnknown):
        verify(f"{head}.{body}.{tail}", KEYS)


def test_an_expired_token_is_told_from_a_forged_one_and_half_a_minute_is_forgiven():
    verify(issue(principal(age=TOKEN_SECONDS + LEEWAY_SECONDS - 5), KEY, "k1"), KEYS)
    with pytest.raises(SignInNeeded) as found:
        verify(issue(principal(age=TOKEN_SECONDS + LEEWAY_SECONDS + 5), KEY, "k1"), KEYS)
    assert found.value.code == "sign_in_needed"


@pytest.mark.parametrize(
    ("standing", "admitted"),
    [
        (Standing(active=True, tokens_from=None, ended_sessions=frozenset()), True),
        (Standing(active=False, tokens_from=None, ended_sessions=frozenset()), False),
        (Standing(active=True, tokens_from=None, ended_sessions=frozenset({"ses-1"})), False),
        (Standing(active=True, tokens_from=None, ended_sessions=frozenset({"ses-2"})), True),
    ],
)
def test_a_token_counts_by_its_accounts_standing(standing, admitted):
    assert standing.admits(principal()) is admitted


def test_a_token_made_in_the_same_second_counts_by_which_came_first():
    moment = datetime.now(UTC).replace(microsecond=500_000)
    standing = Standing(active=True, tokens_from=moment, ended_sessions=frozenset())

    def at(microsecond):
        issued = moment.replace(microsecond=microsecond)
        said = principal(issued_at=issued, expires_at=issued + timedelta(seconds=TOKEN_SECONDS))
        return verify(issue(said, KEY, "k1"), KEYS)

    assert not standing.admits(at(499_999))
    assert standing.admits(at(500_000))


class Accounts:
    """Accounts as far as its keys go."""

    def __init__(self, **keys):
        self.keys = keys
        self.asked = 0
        self.is_away = False

    def __call__(self, request):
        assert request.url.path == PATH
        self.asked += 1
        return httpx.Response(503) if self.is_away else httpx.Response(200, json=public_set(**self.keys))


@pytest.fixture
async def accounts():
    made = Accounts(k1=KEY)
    async with httpx.AsyncClient(transport=httpx.MockTransport(made)) as made.http:
        yield made


@pytest.fixture
def recognition(accounts):
    return Recognition(Keys(accounts.http, "http://accounts"), Standings())


async def test_a_token_is_verified_once_and_its_keys_are_asked_for_once(accounts, recognition, monkeypatch):
    verified = []
    monkeypatch.setattr(recognised, "verify", lambda *given: verified.append(1) or verify(*given))
    token = issue(principal(), KEY, "k1")
    for _ in range(3):
        assert (await recognition.of_token(token)).account_id == "acc-1"
    assert (accounts.asked, len(verified)) == (1, 1)


async def test_a_remembered_token_still_expires_and_can_still_be_revoked(recognition, monkeypatch):
    token = issue(principal(age=TOKEN_SECONDS - 60), KEY, "k1")
    await recognition.of_token(token)
    recognition.standings._by_account = {"acc-1": Standing(active=False, tokens_from=None, ended_sessions=frozenset())}
    with pytest.raises(SignInNeeded):
        await recognition.of_token(token)
    recognition.standings._by_account = {}
    await recognition.of_token(token)
    later = datetime.now(UTC).timestamp() + 60 + LEEWAY_SECONDS + 1
    monkeypatch.setattr(recognised.time, "time", lambda: later)
    with pytest.raises(SignInNeeded):
        await recognition.of_token(token)


async def test_a_new_key_is_found_and_made_up_ones_are_not_asked_for_again_and_again(
    accounts, recognition, monkeypatch
):
    await recognition.of_token(issue(principal(), KEY, "k1"))
    accounts.keys["k2"] = OTHER
    new = issue(principal(), OTHER, "k2")
    with pytest.raises(TokenUnknown):
        await recognition.of_token(new)
    assert accounts.asked == 1, "asked a moment ago"
    recognition.keys._asked_at -= 6
    assert (await recognition.of_token(new)).account_id == "acc-1"
    for _ in range(20):
        with pytest.raises(TokenUnknown):
            await recognition.of_token(issue(principal(), OTHER, "k9"))
    assert accounts.asked == 2


async def test_known_keys_stand_while_accounts_is_away_and_nobody_is_recognised_without_any(accounts, recognition):
    accounts.is_away = True
    with pytest.raises(IdentityUnavailable):
        await recognition.of_token(issue(principal(), KEY, "k1"))
    accounts.is_away = False
    recognition.keys._asked_at -= 6
    await recognition.of_token(issue(principal(), KEY, "k1"))
    accounts.is_away = True
    recognition.keys._asked_at -= 600
    recognition.keys._fetched_at -= 600
    await recognition.of_token(issue(principal(account_id="acc-2"), KEY, "k1"))


async def test_of_many_who_come_first_at_once_all_wait_for_the_keys(accounts, recognition, monkeypatch):
    fetched = recognition.keys._fetch

    async def slowly():
        recognition.keys._asked_at = time.monotonic()
        await asyncio.sleep(0.05)
        await fetched()

    monkeypatch.setattr(recognition.keys, "_fetch", slowly)
    shown = [issue(principal(session_id=f"s{number}"), KEY, "k1") for number in range(9)]
    await asyncio.gather(*map(recognition.of_token, shown))
    assert accounts.asked == 1


async def test_no_more_tokens_are_remembered_than_there_is_room_for(recognition, monkeypatch):
    monkeypatch.setattr(recognised, "REMEMBERED_TOKENS", 3)
    for number in range(9):
        await recognition.of_token(issue(principal(session_id=f"s{number}"), KEY, "k1"))
    assert len(recognition._remembered) == 3


@pytest.mark.parametrize(
    ("method", "headers", "shown"),
    [
        ("GET", {"authorization": "Bearer abc"}, "abc"),
        ("POST", {"authorization": "bearer abc"}, "abc"),
        ("GET", {"authorization": "Basic abc", "cookie": "session=xyz"}, ""),
        ("GET", {"cookie": "session=xyz"}, "xyz"),
        ("GET", {"cookie": "session=xyz; __Host-session=real", "x-forwarded-proto": "https"}, "real"),
        ("GET", {"cookie": "session=planted", "x-forwarded-proto": "https"}, ""),
        ("POST", {"cookie": "session=xyz"}, ""),
        ("DELETE", {"cookie": "session=xyz"}, ""),
        ("GET", {}, ""),
    ],
)
def test_a_cookie_counts_only_where_nothing_is_changed(method, headers, shown):
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "scheme": "http", "path": "/", "headers": raw})
    assert token_of(request) == shown


def test_the_pages_take_it_with_their_forms():
    raw = [(b"cookie", b"session=xyz")]
    request = Request({"type": "http", "method": "POST", "scheme": "http", "path": "/", "headers": raw})
    assert token_of(request, takes_forms=True) == "xyz"


def test_a_tokens_key_is_looked_up_by_its_header_alone():
    assert key_id_of(signed()) == "k1"

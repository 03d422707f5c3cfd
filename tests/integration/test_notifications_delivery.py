"""Letters on their way: refused, put off, lost with the line, and a worker killed over them."""

import asyncio
import os
import signal
import ssl
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Address

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from services.notifications.delivery import unknown_deliveries
from tests.integration.notifications_hall import at, hall_open, post_office, said

SENDER = "fuwuri@county.example.cn"
VISITOR = "guilan@example.cn"


def mail_settings(port, **changes):
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_sender": SENDER,
        "smtp_seconds": 5.0,
        **changes,
    }


@pytest.fixture
def post():
    with post_office() as opened:
        yield opened


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now, post):
    async with hall_open(database, settings_env, monkeypatch, set_county_now, **mail_settings(post.port)) as opened:
        opened.desk.card(email=VISITOR)
        yield opened


async def attempts(hall):
    """Channel, outcome and detail of each delivery, in order."""
    rows = await hall.fetch("select * from delivery order by started_at, attempt")
    return [(row["channel"], row["outcome"], row["detail"]) for row in rows]


async def state(hall):
    (row,) = await hall.fetch("select * from message where kind = 'booked'")
    return row["state"], row["reason"]


def lost(channel):
    return unknown_deliveries.labels(channel)._value.get()


async def test_a_letter_arrives_as_written(hall, post):
    await hall.hear(said("made", 1))
    await hall.work()
    (letter,) = post.letters
    (row,) = await hall.fetch("select message_id from message where state = 'sent'")
    assert post.recipients == [VISITOR]
    assert letter["From"] == SENDER
    assert letter["To"] == VISITOR
    assert letter["Subject"] == "约好了：12月1日 星期二 09:30，局长服务日"
    assert letter["Message-ID"] == f"<{row['message_id']}@county.example.cn>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "2026年12月1日 星期二" in letter.get_content()
    assert await hall.box() == [], "one channel is enough"
    assert await attempts(hall) == [("email", "sent", "")]


async def test_who_has_only_a_phone_is_written_to_over_the_console(hall, post):
    hall.desk.card(email=None)
    await hall.hear(said("made", 1))
    await hall.work()
    assert post.letters == []
    assert len(await hall.box()) == 1


async def test_put_off_is_tried_again_a_minute_later_under_the_same_id(hall, post):
    post.answers = ["451 come back later"]
    await hall.hear(said("made", 1))
    await hall.work()
    assert await state(hall) == ("waiting", None)
    await hall.set_now(at("2026-11-23T10:00:59"))
    await hall.work()
    assert post.letters == []
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    (row,) = await hall.fetch("select message_id from message where state = 'sent'")
    assert [letter["Message-ID"] for letter in post.letters] == [f"<{row['message_id']}@county.example.cn>"]
    assert await attempts(hall) == [("email", "deferred", "SMTPDataError 451"), ("email", "sent", "")]
    assert len(hall.desk.asked) == 2, "the card is asked for again before every try"


async def test_a_booking_cancelled_between_two_tries_is_not_confirmed(hall, post):
    post.answers = ["451 come back later"]
    await hall.hear(said("made", 1))
    await hall.work()
    hall.desk.card(email=VISITOR, state="cancelled", version=2)
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    assert await state(hall) == ("withdrawn", "no_longer_true")
    assert post.letters == []


@pytest.mark.parametrize("where", ["answers", "at_recipient"])
async def test_a_final_refusal_is_not_tried_again_and_is_called_about(hall, post, where):
    getattr(post, where).append("550 nobody of that name")
    hall.desk.card(email=VISITOR)
    await hall.hear(said("made", 1))
    await hall.work()
    assert await state(hall) == ("failed", "refused")
    ((_, outcome, detail),) = await attempts(hall)
    assert outcome == "refused"
    assert detail.endswith(" 550")
    assert VISITOR not in detail
    await hall.set_now(at("2026-11-23T15:00"))
    await hall.work()
    assert post.letters == []


async def test_five_tries_and_then_somebody_has_to_call(hall, post):
    post.at_recipient = ["450 busy"] * 10
    await hall.hear(said("made", 1))
    for clock in ("10:00", "10:01", "10:06", "10:36", "12:36"):
        assert await state(hall) == ("waiting", None)
        await hall.set_now(at(f"2026-11-23T{clock}") - timedelta(seconds=1))
        await hall.work()
        tries = len(await attempts(hall))
        await hall.set_now(at(f"2026-11-23T{clock}"))
        await hall.work()
        assert len(await attempts(hall)) == tries + 1
    assert await state(hall) == ("failed", "tries_exhausted")
    assert len(post.at_recipient) == 5


async def test_a_retry_that_falls_into_the_night_waits_for_the_morning(hall, post):
    post.answers = ["451 later"]
    await hall.set_now(at("2026-11-23T21:59:30"))
    await hall.hear(said("made", 1))
    await hall.work()
    await hall.set_now(at("2026-11-23T22:30"))
    await hall.work()
    assert post.letters == []
    await hall.set_now(at("2026-11-24T08:00"))
    await hall.work()
    assert len(post.letters) == 1


async def test_a_mail_server_that_is_away_loses_nothing(hall, post):
    hall.settings = hall.settings.model_copy(update={"smtp_port": 1})
    await hall.hear(said("made", 1))
    await hall.work()
    assert await attempts(hall) == [("email", "deferred", "SMTPConnectError")]
    hall.settings = hall.settings.model_copy(update={"smtp_port": post.port})
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    assert len(post.letters) == 1


async def test_a_line_lost_before_the_answer_is_tried_again_and_counted(hall, post):
    post.drops = 1
    before = lost("email")
    await hall.hear(said("made", 1))
    await hall.work()
    ((_, outcome, _),) = await attempts(hall)
    assert outcome == "unknown"
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    assert await state(hall) == ("sent", None)
    ids = [letter["Message-ID"] for letter in post.letters]
    assert len(ids) == 2
    assert len(set(ids)) == 1, "so that the second can be recognised"
    assert lost("email") == before + 1


async def test_a_silent_mail_server_is_given_up_in_time(hall):
    silent = await asyncio.start_server(lambda _r, _w: asyncio.sleep(30), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    hall.settings = hall.settings.model_copy(update={"smtp_port": port, "smtp_seconds": 0.3})
    await hall.hear(said("made", 1))
    async with asyncio.timeout(5):
        await hall.work()
    silent.close()
    ((_, outcome, _),) = await attempts(hall)
    assert outcome == "deferred"


async def test_an_address_that_no_mail_can_have_is_refused_alone(hall, post):
    hall.desk.card(email="two@addresses@example.cn\r\nBcc: everybody@example.cn")
    hall.desk.card("b2", email=VISITOR)
    await hall.hear(said("made", 1))
    await hall.hear(said("made", 1, "b2"))
    await hall.work()
    assert (await hall.messages())["booked1"] == "failed:refused"
    assert (await hall.messages("b2"))["booked1"] == "sent"
    assert post.recipients == [VISITOR]


async def test_many_letters_go_over_few_lines_and_one_refusal_harms_no_other(hall, post):
    post.at_recipient = ["250 OK"] * 5 + ["550 no"] + ["250 OK"] * 50
    for number in range(20):
        hall.desk.card(f"b{number}", email=f"visitor{number}@example.cn")
        await hall.hear(said("made", 1, f"b{number}"))
    await hall.work()
    rows = await hall.fetch("select state, count(*) from message where kind = 'booked' group by state")
    assert {row["state"]: row["count"] for row in rows} == {"sent": 19, "failed": 1}
    assert len(set(post.recipients)) == 19


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, its key, in two files."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return certificate, key_file


def gatekeeper(_server, _session, _envelope, _mechanism, shown):
    right = isinstance(shown, LoginPassword) and (shown.login, shown.password) == (b"fuwuri", b"open sesame")
    return AuthResult(success=right)


@pytest.fixture
def hall_with(database, settings_env, monkeypatch, set_county_now):
    return partial(hall_open, database, settings_env, monkeypatch, set_county_now)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it does not see the TLS around it
@pytest.mark.parametrize(
    ("security", "trusted", "password"),
    [
        ("starttls", True, "open sesame"),
        ("starttls", False, "open sesame"),
        ("starttls", True, "guessed"),
        ("tls", True, "open sesame"),
        ("tls", False, "open sesame"),
    ],
)
async def test_secured_mail_needs_the_right_certificate_and_password(
    hall_with, certificate, security, trusted, password
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    options = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    with post_office(
        authenticator=gatekeeper, auth_required=True, auth_require_tls=security != "tls", **options
    ) as post:
        settings = mail_settings(
            post.port,
            smtp_security=security,
            smtp_ca_file=certificate[0] if trusted else None,
            smtp_user="fuwuri",
            smtp_password=SecretStr(password),
        )
        async with hall_with(**settings) as hall:
            hall.desk.card(email=VISITOR)
            await hall.hear(said("made", 1))
            await hall.work()
            well = trusted and password == "open sesame"
            assert len(post.letters) == well
            assert await state(hall) == (("sent" if well else "waiting"), None)


async def killed_over(hall, channel, settings_env):
    """A worker in a process of its own, killed between sending and recording."""
    mail = hall.settings
    env = {
        **os.environ,
        **settings_env,
        "NOTIFICATIONS_DATABASE_URL": mail.database_url.get_secret_value(),
        "NOTIFICATIONS_LEASE_SECONDS": "0.2",
        "NOTIFICATIONS_SMTP_HOST": "127.0.0.1",
        "NOTIFICATIONS_SMTP_PORT": str(mail.smtp_port),
        "NOTIFICATIONS_SMTP_SECURITY": "none",
        "NOTIFICATIONS_SMTP_SENDER": SENDER,
        "NOTIFICATIONS_SMTP_SECONDS": "0.1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.notifications_hall", channel, env=env
    )
    async with asyncio.timeout(30):
        assert await process.wait() == -signal.SIGKILL


async def end_of_lease(hall):
    async with asyncio.timeout(60):
        while await hall.fetch("select from message where claimed_until > clock_timestamp()"):
            await asyncio.sleep(0.05)


async def test_a_worker_killed_between_sending_and_recording_leaves_one_message_in_the_box(hall, settings_env):
    hall.desk.card()
    before = lost("console")
    await hall.hear(said("made", 1))
    assert await hall.preparer.step()
    await killed_over(hall, "console", settings_env)
    assert len(await hall.box()) == 1, "it was sent"
    assert await state(hall) == ("waiting", None), "and nobody knows"
    await end_of_lease(hall)
    await hall.work()
    assert await state(hall) == ("sent", None)
    assert len(await hall.box()) == 1
    assert await attempts(hall) == [("console", "unknown", ""), ("console", "sent", "")]
    assert lost("console") == before + 1


@pytest.mark.slow
async def test_a_worker_killed_over_a_letter_is_followed_by_another(hall, post, settings_env):
    before = lost("email")
    await hall.hear(said("made", 1))
    assert await hall.preparer.step()
    await killed_over(hall, "email", settings_env)
    assert len(post.letters) == 1
    assert not await hall.mail.step(), "until its lease ends, a worker may still live"
    await hall.fetch("update message set claimed_until = clock_timestamp()")
    await hall.work()
    assert await state(hall) == ("sent", None)
    assert len({letter["Message-ID"] for letter in post.letters}) == 1
    assert len(post.letters) == 2, "at least once"
    assert lost("email") == before + 1


async def test_a_message_that_kills_its_workers_is_given_up(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    assert await hall.preparer.step()
    await hall.fetch("update message set attempts = 5 where kind = 'booked'")
    await hall.work()
    assert await state(hall) == ("failed", "tries_exhausted")
    assert await hall.box() == []


async def test_two_workers_send_nothing_twice(hall):
    for number in range(40):
        hall.desk.card(f"b{number}")
        await hall.hear(said("made", 1, f"b{number}"))
    workers = [hall.preparer, hall.preparer, hall.console, hall.console]
    async with asyncio.timeout(30):
        while len(await hall.box()) < 40:
            await asyncio.gather(*(each.step() for each in workers))
    rows = await hall.fetch("select outcome, count(*) from delivery group by outcome")
    assert {row["outcome"]: row["count"] for row in rows} == {"sent": 40}
    assert len(await hall.events()) == 80

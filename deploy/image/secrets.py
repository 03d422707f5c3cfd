"""The installation's secrets: made once, kept, and handed to each container as files.

`python -m deploy.image.secrets create` is the first job of `docker compose up`, so that a fresh clone starts
without a step before it. It makes what is missing in the store, never changes what is there, and writes into
each container's own volume only what that container needs: the pages never hold a database password, and a service
holds the password of its own Kafka user alone.

- A secret already made is never made again; a half-written one cannot be (written aside, then renamed).
- The keys of the visitors' data are made only together with the whole store. Where the store has other
  secrets but not these, they were lost, and new ones would hide that: the job stops and says so.
- What only the operator knows, such as the mail server's password or the sign-in provider's secret, is put in by `set`.
- `export` and `import` carry the store to a safe place and back; without the keys a backup of the
  database cannot be read.

Limits: whoever may read the Docker volumes reads the secrets. A changed secret reaches a service at its
next start; a changed database password reaches the role by the `migrate` job of the same start, a changed password of
a service's Kafka user by the job `kafka-users`. The broker reads its own users' at its start.
"""

import base64
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path("/secrets")
STORE = "store"
DATABASE_HOST = "postgres:5432"
SUPERUSER = "postgres"

SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications")
"""The services with a database and a Kafka user. A new one needs its name here and its volume in Compose."""

KAFKA_BROKER, KAFKA_ADMIN, KAFKA_HEALTH = KAFKA_OWN = ("broker", "admin", "health")
"""Kafka's own users, which it knows from a file before it can know any other: the broker itself, the administrator, who
makes the topics and the services' users, and the health check's, who may do nothing but ask whether Kafka is there."""


def _password() -> str:
    """256 bits that need no quoting in a URL."""
    return secrets.token_urlsafe(32)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MADE: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": _password,
    **{f"KAFKA_{user.upper()}_PASSWORD": _password for user in KAFKA_OWN},
    **{
        f"{service.upper()}_{what}_PASSWORD": _password
        for service in SERVICES
        for what in ("OWNER", "RUNTIME", "KAFKA")
    },
    "SERVICE_SECRET": _password,
    "OPERATOR_SECRET": _password,
    "WEB_OPERATOR_SECRET": _password,
    "PRIVACY_ENCRYPTION_KEYS": lambda: json.dumps({"k1": _key()}),
    "PRIVACY_INDEX_KEY": _key,
}
"""What the store holds, and how each is made."""

GIVEN = {"NOTIFICATIONS_SMTP_PASSWORD": "notifications", "OIDC_CLIENT_SECRET": "accounts"}
"""What only the operator knows, put in by `set`, and which service reads it; absent where it is not needed."""

IRREPLACEABLE = ("PRIVACY_ENCRYPTION_KEYS", "PRIVACY_INDEX_KEY")
SHOWN = ("SERVICE_SECRET", "OPERATOR_SECRET")
"""What each service shows, or is shown, on internal routes."""


class SecretsLost(Exception):  # noqa: N818  (a noun of what happened)
    """The store was made before, and the keys of the visitors' data are no longer in it."""


class StoreNotEmpty(Exception):  # noqa: N818  (the same)
    """Secrets are there already; importing others over them would lock the data away."""


def _write(path: Path, text: str, mode: int) -> None:
    aside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read(store: Path) -> dict[str, str]:
    """What is in the store."""
    if not store.is_dir():
        return {}
    return {
        path.name: path.read_text(encoding="utf-8").strip()
        for path in sorted(store.iterdir())
        if path.is_file() and not path.name.startswith(".")
    }


def complete(store: Path) -> dict[str, str]:
    """Make what the store lacks; all that it then holds. Raises SecretsLost."""
    found = read(store)
    lost = [name for name in IRREPLACEABLE if not found.get(name)]
    if lost and found.keys() - set(IRREPLACEABLE):
        raise SecretsLost(", ".join(lost))
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The irreplaceable first: an interrupted first run must not look like a loss.
    for name in sorted(MADE, key=lambda name: name not in IRREPLACEABLE):
        if not found.get(name):
            found[name] = MADE[name]()
            _write(store / name, found[name], 0o400)
    return found


def _kafka_password(user: str, store: Mapping[str, str]) -> str:
    return store[f"KAFKA_{user.upper()}_PASSWORD"]


def _kafka_users(store: Mapping[str, str]) -> str:
    """The file from which the broker knows its own users; the services' it keeps itself, hashed, with its topics."""
    own = {user: _kafka_password(user, store) for user in KAFKA_OWN}
    lines = [f'username="{KAFKA_BROKER}"', f'password="{own[KAFKA_BROKER]}"']
    lines += [f'user_{user}="{password}"' for user, password in own.items()]
    plain = "\n    ".join(["org.apache.kafka.common.security.plain.PlainLoginModule required", *lines])
    return f"KafkaServer {{\n  {plain};\n  org.apache.kafka.common.security.scram.ScramLoginModule required;\n}};"


def _kafka_client(user: str, store: Mapping[str, str]) -> str:
    """What a command of Kafka's own reads to show who it is, as one of Kafka's own users."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    password = _kafka_password(user, store)
    return "\n".join(
        [
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=PLAIN",
            f'sasl.jaas.config={module} required username="{user}" password="{password}";',
        ]
    )


def views(store: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What each container finds under `/run/secrets`, by container and file."""

    def dsn(user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{store[password]}@{DATABASE_HOST}/{database}"

    shown = {name: store[name] for name in SHOWN}
    privacy = {name: store[name] for name in IRREPLACEABLE}

    def given(service: str) -> dict[str, str]:
        return {name: store[name] for name, reader in GIVEN.items() if reader == service and name in store}

    runtime = {
        name: {
            f"{name.upper()}_DATABASE_URL": dsn(f"{name}_runtime", f"{name.upper()}_RUNTIME_PASSWORD", name),
            "KAFKA_USERNAME": name,
            "KAFKA_PASSWORD": store[f"{name.upper()}_KAFKA_PASSWORD"],
            **shown,
        }
        for name in SERVICES
    }
    migrate = {
        f"{name.upper()}_{role}_PASSWORD": store[f"{name.upper()}_{role}_PASSWORD"]
        for name in SERVICES
        for role in ("OWNER", "RUNTIME")
    }
    return {
        "postgres": {"POSTGRES_PASSWORD": store["POSTGRES_PASSWORD"]},
        "kafka": {"jaas.conf": _kafka_users(store), "health.properties": _kafka_client(KAFKA_HEALTH, store)},
        "kafka-users": {
            "admin.properties": _kafka_client(KAFKA_ADMIN, store),
            **{
                f"{name}.user": f"SCRAM-SHA-512=password={store[f'{name.upper()}_KAFKA_PASSWORD']}" for name in SERVICES
            },
        },
        "topics": {"KAFKA_USERNAME": KAFKA_ADMIN, "KAFKA_PASSWORD": _kafka_password(KAFKA_ADMIN, store)},
        "migrate": {"POSTGRES_ADMIN_URL": dsn(SUPERUSER, "POSTGRES_PASSWORD", "postgres"), **migrate},
        "accounts": {**runtime["accounts"], **privacy, **given("accounts")},
        "roster": runtime["roster"],
        "booking": {**runtime["booking"], **privacy},
        "queue": {**runtime["queue"], **privacy},
        "cases": {**runtime["cases"], **privacy},
        "notifications": {**runtime["notifications"], **privacy, **given("notifications")},
        # The pages offer no operator routes; what their settings ask for is not the real one.
        "web": {"SERVICE_SECRET": store["SERVICE_SECRET"], "OPERATOR_SECRET": store["WEB_OPERATOR_SECRET"]},
    }


def hand_out(root: Path, store: Mapping[str, str]) -> None:
    """Bring every container's folder in line with the store.

    The files are readable by any user, for each container has its own and only its volume is mounted there.
    """
    for container, files in views(store).items():
        folder = root / container
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        present = read(folder)
        for name, text in files.items():
            if present.get(name) != text:
                _write(folder / name, text, 0o444)
        for name in present.keys() - files.keys():
            (folder / name).unlink()


command_line = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Root = Annotated[Path, typer.Option(help="Folder of the store and of the containers' folders.")]


@command_line.command()
def create(root: Root = ROOT) -> None:
    """Make what is missing and hand it out. Changes nothing that is there."""
    known = read(root / STORE)
    try:
        store = complete(root / STORE)
    except SecretsLost as lost:
        print(
            f"密钥丢失:{lost}。请用备份恢复(secrets import),不要重新生成。\n"
            f"Keys lost: {lost}. Bring them back from a backup (secrets import); new ones would not open the data.",
            file=sys.stderr,
        )
        raise typer.Exit(1) from lost
    hand_out(root, store)
    print(f"secrets: {len(store) - len(known)} made, {len(known)} kept")


@command_line.command("set")
def set_given(name: str, root: Root = ROOT) -> None:
    """Read a secret that the operator was given, such as the mail server's password, from standard input."""
    if name not in GIVEN:
        raise typer.BadParameter(f"only {', '.join(GIVEN)} can be set")
    store = complete(root / STORE)
    _write(root / STORE / name, sys.stdin.read().strip(), 0o400)
    hand_out(root, {**store, **read(root / STORE)})
    print(f"secrets: {name} set", file=sys.stderr)


@command_line.command("export")
def export_store(root: Root = ROOT) -> None:
    """Print the store as JSON, to be kept in a safe place apart from the backups."""
    print(json.dumps(read(root / STORE), indent=2))


@command_line.command("import")
def import_store(root: Root = ROOT) -> None:
    """Read what `export` printed from standard input into an empty store. Raises StoreNotEmpty."""
    store = root / STORE
    if read(store):
        raise StoreNotEmpty(str(store))
    texts: dict[str, str] = json.load(sys.stdin)
    unknown = texts.keys() - MADE.keys() - set(GIVEN)
    if unknown:
        raise typer.BadParameter(f"no such secrets: {', '.join(sorted(unknown))}")
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in texts.items():
        _write(store / name, text, 0o400)
    hand_out(root, complete(store))
    print(f"secrets: {len(texts)} brought back", file=sys.stderr)


if __name__ == "__main__":
    command_line()

"""The job that makes the installation's secrets: once, whole, and each container its own."""

import base64
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.image import secrets
from deploy.kafka import permissions
from shared.privacy import PrivacySettings, Vault
from shared.settings import ServiceSettings

runner = CliRunner()


def create(root: Path) -> int:
    return runner.invoke(secrets.command_line, ["create", "--root", str(root)]).exit_code


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    assert create(tmp_path) == 0
    first = secrets.read(tmp_path / "store")
    assert first.keys() == secrets.MADE.keys()
    assert create(tmp_path) == 0
    assert secrets.read(tmp_path / "store") == first


def test_no_two_secrets_or_installations_are_alike(tmp_path: Path) -> None:
    made = [*secrets.complete(tmp_path / "one").values(), *secrets.complete(tmp_path / "two").values()]
    assert len(set(made)) == 2 * len(secrets.MADE)


def test_what_is_made_is_what_the_settings_take(tmp_path: Path) -> None:
    create(tmp_path)
    files = secrets.read(tmp_path / "booking")
    settings = ServiceSettings(service_secret=files["SERVICE_SECRET"], operator_secret=files["OPERATOR_SECRET"])
    assert settings.service_secret.get_secret_value() == files["SERVICE_SECRET"]
    keys = json.loads(files["PRIVACY_ENCRYPTION_KEYS"])
    vault = Vault(PrivacySettings(encryption_keys=keys, index_key=files["PRIVACY_INDEX_KEY"]))
    assert vault.decrypt(vault.encrypt("13900001111", "phone"), "phone") == "13900001111"
    assert len(base64.b64decode(files["PRIVACY_INDEX_KEY"])) == 32


def test_a_new_secret_is_added_to_an_old_store(tmp_path: Path) -> None:
    create(tmp_path)
    first = secrets.read(tmp_path / "store")
    (tmp_path / "store" / "WEB_OPERATOR_SECRET").unlink()
    assert create(tmp_path) == 0
    again = secrets.read(tmp_path / "store")
    assert again.keys() == first.keys()
    assert {name for name in first if again[name] != first[name]} == {"WEB_OPERATOR_SECRET"}


@pytest.mark.parametrize("name", secrets.IRREPLACEABLE)
def test_lost_keys_are_not_made_anew(tmp_path: Path, name: str) -> None:
    create(tmp_path)
    (tmp_path / "store" / name).unlink()
    assert create(tmp_path) == 1
    assert not (tmp_path / "store" / name).exists()


def test_an_interrupted_first_run_is_finished_by_the_next(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "PRIVACY_ENCRYPTION_KEYS").write_text(secrets.MADE["PRIVACY_ENCRYPTION_KEYS"]())
    (store / ".PRIVACY_INDEX_KEY.new").write_text("half")
    assert create(tmp_path) == 0
    assert secrets.read(store).keys() == secrets.MADE.keys()


def test_the_pages_hold_no_key_and_no_password(tmp_path: Path) -> None:
    create(tmp_path)
    store, held = secrets.read(tmp_path / "store"), secrets.read(tmp_path / "web")
    assert held == {"SERVICE_SECRET": store["SERVICE_SECRET"], "OPERATOR_SECRET": store["WEB_OPERATOR_SECRET"]}
    assert secrets.read(tmp_path / "postgres") == {"POSTGRES_PASSWORD": store["POSTGRES_PASSWORD"]}


def test_every_service_of_the_table_of_topics_is_given_a_kafka_user() -> None:
    assert permissions.users() == set(secrets.SERVICES)
    assert not permissions.users() & set(secrets.KAFKA_OWN), "a service would be the administrator"


def test_a_service_holds_its_own_kafka_password_alone(tmp_path: Path) -> None:
    create(tmp_path)
    store = secrets.read(tmp_path / "store")
    passwords = {name: text for name, text in store.items() if "KAFKA" in name}
    assert passwords.keys() == {f"{user.upper()}_KAFKA_PASSWORD" for user in secrets.SERVICES} | {
        f"KAFKA_{user.upper()}_PASSWORD" for user in secrets.KAFKA_OWN
    }
    expected = {service: {f"{service.upper()}_KAFKA_PASSWORD"} for service in secrets.SERVICES}
    expected |= {"topics": {"KAFKA_ADMIN_PASSWORD"}}
    for container in secrets.views(store).keys() - {"kafka", "kafka-users"}:
        held = " ".join(secrets.read(tmp_path / container).values())
        found = {name for name, text in passwords.items() if text in held}
        assert found == expected.get(container, set()), container


def test_the_broker_knows_its_own_users_from_a_file_and_no_service(tmp_path: Path) -> None:
    create(tmp_path)
    store, told = secrets.read(tmp_path / "store"), (tmp_path / "kafka" / "jaas.conf").read_text()
    assert set(re.findall(r'user_(\w+)="(.+)"', told)) == {
        (user, store[f"KAFKA_{user.upper()}_PASSWORD"]) for user in secrets.KAFKA_OWN
    }
    assert {path.stem for path in (tmp_path / "kafka-users").glob("*.user")} == set(secrets.SERVICES)


def test_an_older_store_is_given_kafka_users(tmp_path: Path) -> None:
    create(tmp_path)
    first = secrets.read(tmp_path / "store")
    older = {name: text for name, text in first.items() if "KAFKA" not in name}
    for name in first.keys() - older.keys():
        (tmp_path / "store" / name).unlink()
    assert create(tmp_path) == 0
    again = secrets.read(tmp_path / "store")
    assert again.keys() == first.keys()
    assert {name: again[name] for name in older} == older


@pytest.mark.parametrize("service", ["accounts", "booking", "queue", "cases", "notifications"])
def test_who_keeps_what_visitors_say_has_the_keys_and_one_database(tmp_path: Path, service: str) -> None:
    create(tmp_path)
    store, held = secrets.read(tmp_path / "store"), secrets.read(tmp_path / service)
    assert held.keys() == {
        f"{service.upper()}_DATABASE_URL",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        *secrets.SHOWN,
        *secrets.IRREPLACEABLE,
    }
    password = store[f"{service.upper()}_RUNTIME_PASSWORD"]
    assert held[f"{service.upper()}_DATABASE_URL"].endswith(f"//{service}_runtime:{password}@postgres:5432/{service}")


def test_a_secret_no_longer_handed_out_is_taken_back(tmp_path: Path) -> None:
    create(tmp_path)
    (tmp_path / "web" / "BOOKING_DATABASE_URL").write_text("postgresql://…")
    create(tmp_path)
    assert not (tmp_path / "web" / "BOOKING_DATABASE_URL").exists()


def test_the_store_travels(tmp_path: Path) -> None:
    create(tmp_path / "old")
    told = runner.invoke(secrets.command_line, ["export", "--root", str(tmp_path / "old")]).stdout
    arguments = ["import", "--root", str(tmp_path / "new")]
    assert runner.invoke(secrets.command_line, arguments, input=told).exit_code == 0
    assert secrets.read(tmp_path / "new" / "store") == secrets.read(tmp_path / "old" / "store")
    assert secrets.read(tmp_path / "new" / "booking") == secrets.read(tmp_path / "old" / "booking")
    again = runner.invoke(secrets.command_line, arguments, input=told)
    assert isinstance(again.exception, secrets.StoreNotEmpty)


def test_the_operator_sets_only_what_is_given(tmp_path: Path) -> None:
    create(tmp_path)
    arguments = ["--root", str(tmp_path)]
    given = runner.invoke(secrets.command_line, ["set", "NOTIFICATIONS_SMTP_PASSWORD", *arguments], input="word\n")
    assert given.exit_code == 0
    assert secrets.read(tmp_path / "notifications")["NOTIFICATIONS_SMTP_PASSWORD"] == "word"
    assert create(tmp_path) == 0
    assert secrets.read(tmp_path / "notifications")["NOTIFICATIONS_SMTP_PASSWORD"] == "word"
    provider = runner.invoke(secrets.command_line, ["set", "OIDC_CLIENT_SECRET", *arguments], input="word\n")
    assert provider.exit_code == 0
    holders = {each.name for each in tmp_path.iterdir() if "OIDC_CLIENT_SECRET" in secrets.read(each)}
    assert holders == {"store", "accounts"}
    refused = runner.invoke(secrets.command_line, ["set", "PRIVACY_INDEX_KEY", *arguments], input="word\n")
    assert refused.exit_code != 0

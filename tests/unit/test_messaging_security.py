"""Who a service is to Kafka, in each of its clients."""

import pytest

from shared.messaging import router as messaging_router
from shared.messaging.security import UserUnnamed, connection_arguments, make_security
from shared.settings import KafkaSettings, ServiceSettings

USER = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_username": "booking", "kafka_password": "open sesame"}


def test_without_users_a_client_is_told_the_address_alone():
    settings = KafkaSettings(kafka_bootstrap_servers="broker:1")
    assert make_security(settings) is None
    assert connection_arguments(settings) == {"bootstrap_servers": "broker:1"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_with_users_a_client_is_told_who_it_is(mechanism):
    arguments = connection_arguments(KafkaSettings(**USER, kafka_sasl_mechanism=mechanism))
    assert {name: value for name, value in arguments.items() if value is not None} == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "booking",
        "sasl_plain_password": "open sesame",
    }


@pytest.mark.parametrize("lacking", ["kafka_username", "kafka_password"])
def test_without_a_name_or_a_password_nothing_starts(lacking):
    with pytest.raises(UserUnnamed, match="KAFKA_USERNAME"):
        connection_arguments(KafkaSettings(**{**USER, lacking: ""}))


def test_the_consumers_broker_shows_who_it_is():
    settings = ServiceSettings(service_secret="s" * 32, operator_secret="o" * 32, **USER)
    broker = messaging_router.make_broker(settings, messaging_router.make_router(settings, [], None))
    told = broker.config.broker_config.builder.keywords
    assert told["security_protocol"] == "SASL_PLAINTEXT"
    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == ("booking", "open sesame")


def test_a_password_is_not_shown():
    assert "open sesame" not in repr(KafkaSettings(**USER))

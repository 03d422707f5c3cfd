"""Who we are to Kafka: the one place that turns settings into what FastStream and aiokafka ask for.

Where Kafka has users, each service has one of its own, which may write the topics that the service produces and
read those that it consumes (`deploy.kafka.permissions`). Without a name nobody would be let in, so its absence stops
the start instead of being tried again and again.
"""

from typing import Any

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

from shared.settings import KafkaSettings


class UserUnnamed(Exception):  # noqa: N818  (a noun of what is wrong)
    """Kafka asks who we are, and the settings do not say."""


def make_security(settings: KafkaSettings) -> BaseSecurity | None:
    """How FastStream's broker shows who it is; None where Kafka knows no users. Raises UserUnnamed."""
    if settings.kafka_security_protocol == "PLAINTEXT":
        return None
    username, password = settings.kafka_username, settings.kafka_password.get_secret_value()
    if not username or not password:
        raise UserUnnamed("KAFKA_SECURITY_PROTOCOL asks for KAFKA_USERNAME and KAFKA_PASSWORD")
    if settings.kafka_sasl_mechanism == "PLAIN":
        return SASLPlaintext(username=username, password=password)
    return SASLScram512(username=username, password=password)


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """What every client of aiokafka's own is told: where Kafka is, and who asks. Raises UserUnnamed."""
    return {"bootstrap_servers": settings.kafka_bootstrap_servers, **parse_security(make_security(settings))}

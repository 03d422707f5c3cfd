"""Settings that every service has: read from the environment or from files under `/run/secrets`.

A service's own settings carry its prefix (`BOOKING_DATABASE_URL`); the county's are the same for
all and carry none (`SERVICE_SECRET`). A missing or malformed value stops the start with its name.
"""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = Path("/run/secrets")


def _known_zone(name: str) -> str:
    ZoneInfo(name)
    return name


class KafkaSettings(BaseSettings):
    """Where Kafka is and who we are there: the same names for services and for the job that makes the topics."""

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT"] = Field(
        default="PLAINTEXT", validation_alias="KAFKA_SECURITY_PROTOCOL"
    )
    """`PLAINTEXT` knows no users: only for a broker that nobody else can reach, as the embedded one."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", validation_alias="KAFKA_SASL_MECHANISM"
    )
    kafka_username: str = Field(default="", validation_alias="KAFKA_USERNAME")
    kafka_password: SecretStr = Field(default=SecretStr(""), validation_alias="KAFKA_PASSWORD")
    topic_prefix: str = Field(default="", validation_alias="TOPIC_PREFIX")
    """Put before every topic and consumer group, so that several counties can share a cluster."""


class ServiceSettings(KafkaSettings):
    """What each service reads. A subclass sets `env_prefix` and adds its own fields."""

    # The service's own, with its prefix.
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    database_url: SecretStr = SecretStr("")
    """DSN of the service's database, as its runtime role."""
    pool_size: int = Field(default=8, ge=2, le=64)

    # The county's, the same for every service.
    service_secret: SecretStr = Field(min_length=32, validation_alias="SERVICE_SECRET")
    """What services show each other on internal routes."""
    operator_secret: SecretStr = Field(min_length=32, validation_alias="OPERATOR_SECRET")
    """What the operator shows on operator routes."""
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Asia/Shanghai", validation_alias="COUNTY_TIME_ZONE"
    )
    accounts_url: str = Field(default="http://accounts:8000", validation_alias="ACCOUNTS_URL")
    roster_url: str = Field(default="http://roster:8000", validation_alias="ROSTER_URL")
    booking_url: str = Field(default="http://booking:8000", validation_alias="BOOKING_URL")
    queue_url: str = Field(default="http://queue:8000", validation_alias="QUEUE_URL")
    cases_url: str = Field(default="http://cases:8000", validation_alias="CASES_URL")
    notifications_url: str = Field(default="http://notifications:8000", validation_alias="NOTIFICATIONS_URL")
    body_seconds: float = Field(default=20.0, gt=0, le=600, validation_alias="BODY_SECONDS")
    """A request's body that is not there whole after so long is answered 408, and its connection closed."""
    retention_days: int = Field(default=90, ge=1, le=3650, validation_alias="RETENTION_DAYS")
    """Days after its end that anything names a person; the same for every service that holds personal data."""
    shutdown_seconds: float = Field(default=10.0, gt=0, validation_alias="SHUTDOWN_SECONDS")
    """Hard deadline of a shutdown; the process ends even where Kafka never answers."""
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", validation_alias="LOG_LEVEL")

    @property
    def zone(self) -> ZoneInfo:
        """The county's time zone."""
        return ZoneInfo(self.time_zone)

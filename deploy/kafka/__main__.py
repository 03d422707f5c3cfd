"""`python -m deploy.kafka`: make the topics, and say who may use them; Compose runs it as a job.

Reads, from the environment or from files under `/run/secrets`, `KAFKA_BOOTSTRAP_SERVERS`, `TOPIC_PREFIX` (empty unless
counties share a cluster), `TOPIC_REPLICAS` (1 unless the cluster has more nodes), and for a cluster with users
`KAFKA_SECURITY_PROTOCOL`, `KAFKA_SASL_MECHANISM` and the administrator's `KAFKA_USERNAME` and `KAFKA_PASSWORD`.
"""

import asyncio
import os
import sys

from aiokafka.errors import KafkaError

from deploy.kafka.permissions import grant
from deploy.kafka.topics import create_as
from shared.messaging.security import UserUnnamed
from shared.settings import KafkaSettings


async def main(settings: KafkaSettings, *, replicas: int) -> None:
    """Topics first, so that whoever may use one finds it."""
    await create_as(settings, replicas=replicas)
    print("topics: ready", flush=True)
    if settings.kafka_security_protocol != "PLAINTEXT":
        await grant(settings)
        print("permissions: ready", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:  # `--help` above all: it must not start the job
        sys.exit(__doc__)
    given = KafkaSettings()
    try:
        asyncio.run(main(given, replicas=int(os.environ.get("TOPIC_REPLICAS", "1"))))
    except (KafkaError, OSError, UserUnnamed) as error:
        sys.exit(f"The topics could not be made at {given.kafka_bootstrap_servers}: {error!r}")

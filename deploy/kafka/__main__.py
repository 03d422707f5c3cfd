"""`python -m deploy.kafka`: make the topics; Compose runs it as a job.

Reads `KAFKA_BOOTSTRAP_SERVERS`, `TOPIC_PREFIX` (empty unless counties share a cluster) and
`TOPIC_REPLICAS` (1 unless the cluster has more nodes).
"""

import asyncio
import os
import sys

from aiokafka.errors import KafkaError

from deploy.kafka.topics import create

if __name__ == "__main__":
    if sys.argv[1:]:  # `--help` above all: it must not start the job
        sys.exit(__doc__)
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    try:
        asyncio.run(
            create(bootstrap, os.environ.get("TOPIC_PREFIX", ""), replicas=int(os.environ.get("TOPIC_REPLICAS", "1")))
        )
    except (KafkaError, OSError) as error:
        sys.exit(f"The topics could not be made at {bootstrap}: {error!r}")
    print("topics: ready", flush=True)

"""What operators see of messaging. Gauges are set when metrics are read, or by the watchdog's round."""

from prometheus_client import Counter, Gauge

relay_leads = Gauge("relay_leads", "1 while this process publishes for its service")
relay_published = Counter("relay_published", "Events that the broker confirmed")
relay_failures = Counter("relay_failures", "Times that the relay gave up its producer or its connection", ["reason"])
outbox_unpublished = Gauge("outbox_unpublished", "Events that wait to be published")
outbox_oldest_seconds = Gauge("outbox_oldest_unpublished_seconds", "Age of the oldest event that waits")
dead_letters_waiting = Gauge("dead_letters_waiting", "Dead letters that nobody has settled", ["topic"])
messages = Counter("messages", "Messages by what became of them", ["topic", "outcome"])
consumer_lag = Gauge("consumer_lag", "Messages behind the end of a partition", ["topic", "partition"])
consumer_holding = Gauge("consumer_holding", "1 while a topic waits for the database", ["topic"])
projection_gaps = Counter("projection_gaps", "Versions that a projection was never shown", ["topic"])


def count_gap(topic: str, replaced: int | None, version: int) -> None:
    """Count it where a projection got a version more than one above the one that it replaced.

    The first one seen of an aggregate (`replaced` 0) may be any, for topics are compacted; None was no news.
    """
    if replaced and version > replaced + 1:
        projection_gaps.labels(topic).inc()

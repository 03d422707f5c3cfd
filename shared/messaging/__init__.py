"""Events between services: nothing committed is lost, per aggregate in order, every effect once.

What is promised: an event appended in a transaction is published after it committed, at least once and in
the order of its aggregate's versions, whatever dies. A message that cannot be handled blocks nothing and is
never lost: it lies in `dead_letter` with its bytes. While Kafka or the database is away everything waits.

A service needs:
- `outbox.append(connection, *events)`: in the command's transaction, the aggregate's row locked. Where one
  transaction serves many requests, `outbox.row(event)` in the context of each and `outbox.append_rows` for all.
- `consumer.Subscriptions(service)` with `@subscriptions.to(topic, once=False)` on
  `async def handler(connection: Connection, received: Received) -> None`. The one transaction is open, the
  correlation id bound. `Received.event` is the event, `Received.envelope` its id, time, topic, offset …
- `metrics.count_gap(topic, replaced, version)` after a projection took a version: it counts those never seen.
- For `republish`: `aggregate_ids(connection, after, limit)` in its queries.py, the next ids without any lock, and
  `state_events(connection, ids)` in its commands.py, current state and version of the aggregates of these ids, each
  row locked. We append what it gives, a page in a transaction.

The application needs `runner.Messaging(settings, service, pool, subscriptions)`: `start()` returns at once and
connects in the background, `wake()` after a commit that appended, `await measure()` before metrics are read,
`await stop()`. Its parts: `relay.Relay(dsn, settings, service)` with `run()`, `wake()`, `close()`;
`security.connection_arguments`, who we are to Kafka; `router.make_broker`, `router.make_router`;
`settlement.Settlement` (retry, hold or dead letter); `watchdog.Watchdog`.

Operators have `dead_letters` and `republish` through `shared.command_line`; `shared.asyncapi` documents it all.
Tables: `migrations`, in every service's database. All SQL stands in `sql.py`.
"""

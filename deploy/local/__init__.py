"""The embedded stack: PostgreSQL, Kafka, Caddy and the services as processes of this machine, no Docker.

`python -m deploy.local` is `make up`, and `python -m deploy.local run SERVICE …` a service's command beside it; the
tests start the same PostgreSQL and Kafka from here.
"""

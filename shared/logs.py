"""Structured logs: one JSON object a line on standard output, with the correlation id of what caused it.

Nothing of a visitor is logged: no number, phone, name, code or free text. Callers pass ids.
"""

import logging
import sys

import structlog

TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Without the local variables, which hold what a visitor typed."""


def configure(service: str, level: str) -> None:
    """Send structlog's and the standard library's records through one JSON renderer."""
    shared_processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _method, event: {"service": service, **event},
    ]
    structlog.configure(
        processors=[*shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(TRACEBACKS),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # While Kafka is away it tells so several times a second and consumer; relay and consumers tell it once a try.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

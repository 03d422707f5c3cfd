"""Writes the contracts down: JSON Schemas of the events, OpenAPI and AsyncAPI documents of the services.

`make contracts` runs it. It refuses a change of an event that a consumer could not stand: a field taken
away, a field that became required, another type. Such a change is a new topic.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from shared import access
from shared.events.accounts import Role
from shared.events.topics import TOPICS

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "shared" / "events" / "schemas"
DOCUMENTS = Path(__file__).parent / "documents"
PERMISSIONS = DOCUMENTS / "permissions.json"
MATRIX = DOCUMENTS / "permissions.md"
SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
SETTINGS = {
    "SERVICE_SECRET": "s" * 32,
    "OPERATOR_SECRET": "o" * 32,
    "PRIVACY_ENCRYPTION_KEYS": json.dumps({"k1": "A" * 43 + "="}),
    "PRIVACY_INDEX_KEY": "A" * 43 + "=",
}


INTRODUCTION = """\
Written by `make contracts` from what stands beside each route, and tried out against the running services by
`tests/integration/test_permissions.py`. How far a role must reach: `there` over the very place, its department and its
venue; `hall` over the whole hall and not one department of it; `venue` into the venue, if only for one of its
departments; `anywhere` it is held at all. A page asks for the role alone, the service behind it for the place."""


def event_schemas() -> dict[Path, dict[str, Any]]:
    """The schema of every declared event, by the file it belongs in."""
    return {
        SCHEMAS / topic.name / f"{event.__name__}.json": event.model_json_schema()
        for topic in TOPICS
        for event in topic.events
    }


def service_documents() -> dict[Path, dict[str, Any]]:
    """OpenAPI and AsyncAPI of every service, by the file each belongs in."""
    from shared import health  # noqa: PLC0415  (the events' schemas need no service)

    found: dict[Path, dict[str, Any]] = {}
    for service in SERVICES:
        app = application(service)
        found[DOCUMENTS / f"{service}.openapi.json"] = health.openapi(app)
        if service != "web":
            from shared.asyncapi import document  # noqa: PLC0415  (see above)

            consumers = importlib.import_module(f"services.{service}.consumers") if has_consumers(service) else None
            found[DOCUMENTS / f"{service}.asyncapi.json"] = document(service, consumers and consumers.subscriptions)
    return found


def permissions() -> dict[str, dict[str, Any]]:
    """Who of the staff may call which route, by service and route."""
    return {service: dict(sorted(_permissions(application(service)))) for service in SERVICES}


def _permissions(app: FastAPI) -> Iterator[tuple[str, Any]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        found = access.permission_of(route) if isinstance(route, APIRoute) else None
        if found is not None:
            where = {
                "own_official": found.own_official,
                "devices": list(found.devices),
                "roleless": found.roleless,
            }
            told = {"permission": found.name, "roles": list(found.roles), "reach": found.reach}
            yield access.route_name(route), {**told, **{name: each for name, each in where.items() if each}}


def matrix() -> str:
    """The same as a page: a row a route, a column a role."""
    roles = get_args(Role)
    lines = ["# Who may do what", "", INTRODUCTION]
    for service, routes in permissions().items():
        lines += [
            "",
            f"## {service}",
            "",
            f"| route | {' | '.join(each.replace('_', ' ') for each in roles)} | others |",
        ]
        lines.append(f"|---|{'---|' * (len(roles) + 1)}")
        for route, told in routes.items():
            held = [told["reach"] if each in told["roles"] else "" for each in roles]
            others = [f"{' or '.join(told['devices'])} of the venue"] if "devices" in told else []
            others += ["the official"] if "own_official" in told else []
            others += ["all of the staff"] if "roleless" in told else []
            lines.append(f"| `{route}` | {' | '.join(held)} | {', '.join(others)} |")
    return "\n".join(lines) + "\n"


def application(service: str, **changes: str) -> FastAPI:
    """A service's application as it would start, with made-up secrets; nothing is connected."""
    before = dict(os.environ)
    os.environ.update(SETTINGS, **changes)
    try:
        app: FastAPI = importlib.import_module(f"services.{service}.app").create_app()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return app


def has_consumers(service: str) -> bool:
    """Whether the service listens to any topic."""
    return (ROOT / "services" / service / "consumers.py").exists()


def broken_promises(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a consumer of `old` could not stand in `new`, object by object."""
    found = []
    objects_old = {"": old, **old.get("$defs", {})}
    objects_new = {"": new, **new.get("$defs", {})}
    for name, before in objects_old.items():
        after = objects_new.get(name, {})
        for field, was in before.get("properties", {}).items():
            now = after.get("properties", {}).get(field)
            if now is None:
                found.append(f"{name}.{field} was taken away")
            elif _kind(was) != _kind(now):
                found.append(f"{name}.{field} has another type")
        required = set(after.get("required", [])) - set(before.get("required", []))
        if before:
            found += [f"{name}.{field} became required" for field in sorted(required)]
    return found


def _kind(schema: dict[str, Any]) -> Any:
    """What decides whether a value can be read; words for people and new choices do not."""
    kept = ("type", "format", "$ref", "items", "anyOf")
    return {key: value for key, value in schema.items() if key in kept}


def text(document: dict[str, Any]) -> str:
    """A document as it stands in its file."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main() -> int:
    """Write every contract; 1 where an event's change breaks its promise."""
    wanted = event_schemas()
    broken = [
        f"{path.stem}: {reason}"
        for path, schema in wanted.items()
        if path.exists()
        for reason in broken_promises(json.loads(path.read_text()), schema)
    ]
    if broken:
        print("not written, for consumers could not read it:", *broken, sep="\n  ")
        return 1
    for path, document in {**wanted, **service_documents(), PERMISSIONS: permissions()}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(document))
    MATRIX.write_text(matrix())
    print(f"{len(wanted)} event schemas and the services' documents are written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

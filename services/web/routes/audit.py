"""The auditor's page: what was done in all services, by time; filters, what is taken away, and whether chains hold."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Literal, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.web import audit, exports
from services.web.audit import Asked, Audit, Entry, Row
from services.web.forms import whole_number
from services.web.pages import OpenPage, Page
from services.web.permissions import READ_AUDIT
from services.web.queries import or_none
from services.web.refusals import REFUSALS
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused, Service, Unavailable
from shared.access import permit
from shared.events.base import State

router = APIRouter(include_in_schema=False, dependencies=[permit(READ_AUDIT)])

SERVICES: tuple[Service, ...] = ("accounts", "roster", "booking", "queue", "notifications")
Found = TypeVar("Found", bound=State)
Missing = Literal["away", "refused"]

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@router.get("/staff/audit")
async def show(page: Page = OpenPage) -> Response:
    """Who did what to which record."""
    return await _show(page, page.query)


async def _show(page: Page, query: Mapping[str, str], status: int = 200) -> Response:
    names, logins = await _known(page)
    asked = audit.asked(query, page.site.settings.zone, logins)
    before: dict[str, int] = {
        each: number for each in SERVICES if (number := whole_number(query.get(f"before_{each}", "")))
    }
    found: dict[str, Audit] = {}
    missing: dict[str, Missing] = {}
    if not asked.findings:
        found, missing = await _of_all(lambda service: _page_of(page, service, asked, before.get(service)))
    rows = audit.merged({service: each.items for service, each in found.items()})
    shown = rows[: audit.PAGE_ROWS]
    more = len(rows) > len(shown) or any(each.more for each in found.values())
    further = {f"before_{service}": str(number) for service, number in audit.cursors(shown, before).items()}
    kept = {name: said for name, said in asked.typed.items() if said}
    return page.show(
        "staff/audit.html",
        422 if asked.findings else status,
        personal=True,
        asked=asked,
        findings={name: page.say(said) for name, said in asked.findings.items()},
        rows=shown,
        further=f"/staff/audit?{urlencode({**kept, **further})}" if more and shown else "",
        is_first=not before,
        chains={service: each.chain for service, each in found.items()},
        missing=missing,
        names=names,
        audit=audit,
    )


async def _page_of(page: Page, service: Service, asked: Asked, before: int | None) -> Audit:
    return await page.queries.audit(service, asked.wanted, before, audit.PAGE_ROWS)


async def _of_all(
    ask: Callable[[Service], Awaitable[Found]],
) -> tuple[dict[str, Found], dict[str, Missing]]:
    """What each service answers, and which do not. Raises Refused where none lets us see anything."""

    async def one(service: Service) -> Found | Unavailable | Refused:
        try:
            return await ask(service)
        except (Unavailable, Refused) as error:
            return error

    answers = dict(zip(SERVICES, await asyncio.gather(*map(one, SERVICES)), strict=True))
    refused = [each for each in answers.values() if isinstance(each, Refused)]
    if len(refused) == len(SERVICES):
        raise refused[0]
    found: dict[str, Found] = {}
    missing: dict[str, Missing] = {}
    for service, each in answers.items():
        if isinstance(each, Unavailable | Refused):
            missing[service] = "away" if isinstance(each, Unavailable) else "refused"
        else:
            found[service] = each
    return found, missing


async def _known(page: Page) -> tuple[dict[str, str], dict[str, str]]:
    """Names by the ids of officials and accounts, and the accounts' ids by login, as far as both tell."""
    officials, people = await asyncio.gather(_told_by(page.queries.officials()), _told_by(page.queries.people()))
    known = people.items if people else ()
    names = {each.account_id: f"{each.name} {each.login}" for each in known}
    names |= {each.official_id: each.name for each in officials.items} if officials else {}
    return names, {each.login: each.account_id for each in known}


async def _told_by(asking: Coroutine[None, None, Found]) -> Found | None:
    try:
        return await or_none(asking)
    except Refused:
        return None


@router.post("/staff/audit/export")
async def export(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Take the rows away; each service notes in its own audit that this was done."""
    kind = posted.get("kind")
    names, logins = await _known(page)
    asked = audit.asked(posted.fields, page.site.settings.zone, logins)
    if not posted.is_fresh:
        return page.tell(REFUSALS["form_expired"], 409, code="form_expired")
    if kind not in TYPES or asked.findings:
        return await _show(page, posted.fields, 422)
    found, missing = await _of_all(lambda service: page.commands.export_audit(service, dict(asked.wanted)))
    rows = audit.merged({service: each.items for service, each in found.items()})
    cut = [service for service, each in found.items() if each.more]
    told = [_told(page, each, "") for each in cut] + [_told(page, each, missing[each]) for each in missing]
    made = await asyncio.to_thread(_made, page, kind, rows, names, told)
    headers = {
        "Content-Disposition": f'attachment; filename="audit.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(made, media_type=TYPES[kind], headers=headers)


def _told(page: Page, service: str, missing: str) -> str:
    """What is not in the file, for whoever reads it later."""
    name = page.say(audit.SERVICES[service])
    if missing:
        return page.say("%(service)s的记录这次没有取到", service=name)
    return page.say("%(service)s还有更早的记录没有导出", service=name)


def _made(page: Page, kind: str, rows: list[Row], names: Mapping[str, str], told: list[str]) -> bytes:
    head = [page.say(each) for each in audit.COLUMNS]
    lines = [_line(page, each, names) for each in rows] + [[each] for each in told]
    return exports.make_csv(head, lines) if kind == "csv" else exports.make_xlsx(page.say("审计"), head, lines)


def _line(page: Page, row: Row, names: Mapping[str, str]) -> list[str]:
    entry: Entry = row.entry
    return [
        page.say(audit.SERVICES[row.service]),
        str(entry.number),
        entry.at.astimezone(page.site.settings.zone).isoformat(sep=" ", timespec="seconds"),
        audit.who(entry, names, page.say),
        entry.actor,
        " ".join(entry.held),
        entry.action,
        entry.record_kind,
        entry.record_id,
        f"{entry.address} {entry.client}".strip(),
        entry.path,
        entry.told,
    ]

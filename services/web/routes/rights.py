"""What an operator does for somebody who asks for their rights: hand out what is held of them, and forget them.

Whom it is about is typed from the document that is shown, travels in the bodies of forms alone, and is kept nowhere.
"""

import json
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import accounts, audit
from services.web.accounts import BASES, ORDER, Asked, finding
from services.web.addresses import Id
from services.web.domain import DOCUMENT_TYPES
from services.web.pages import OpenPage, Page
from services.web.permissions import UPHOLD_RIGHTS
from services.web.refusals import EXPORT_AWAY, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused, Unavailable
from shared.access import permit

router = APIRouter(include_in_schema=False, dependencies=[permit(UPHOLD_RIGHTS)])

HERE = "/staff/accounts/rights"
ORDERS = f"{HERE}/erasures"
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


@router.get(HERE)
async def show(page: Page = OpenPage) -> Response:
    """Whose rights: by a document; or how an order stands, by its number."""
    return _show(page, Asked({}))


def _show(page: Page, asked: Asked, status: int = HTTPStatus.OK, because: Refusal | None = None) -> Response:
    return page.show(
        "staff/rights.html",
        status,
        personal=True,
        typed={"document_type": DOCUMENT_TYPES[0], **asked.typed},
        findings={name: page.say(finding(code)) for name, code in asked.findings.items()},
        because=because,
        words=accounts,
    )


def _refused(page: Page, asked: Asked, refused: Refused) -> Response:
    if refused.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise refused
    return _show(page, Asked(asked.typed), refused.status, refusal(refused.code))


@router.post(f"{HERE}/export")
async def export(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """All that is held of somebody, to be taken away; accounts notes in its audit that this was done."""
    asked = accounts.shown_document(posted.fields)
    if not posted.is_fresh:
        return _show(page, Asked(asked.typed), HTTPStatus.CONFLICT, refusal("form_expired"))
    if asked.findings:
        return _show(page, asked, UNPROCESSABLE)
    try:
        archive = await page.commands.export_person(asked.body)
    except Unavailable:
        return _show(page, Asked(asked.typed), HTTPStatus.SERVICE_UNAVAILABLE, EXPORT_AWAY)
    except Refused as refused:
        return _refused(page, asked, refused)
    headers = {"Content-Disposition": 'attachment; filename="personal-data.zip"', "Cache-Control": "private, no-store"}
    return Response(archive, media_type="application/zip", headers=headers)


@router.post(ORDERS)
async def order(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Have somebody forgotten, once that was asked a second time: it cannot be taken back."""
    asked, basis = accounts.shown_document(posted.fields), posted.get("basis")
    findings = asked.findings if basis in BASES else {**asked.findings, "basis": "basis_unknown"}
    if not posted.is_fresh:
        return _show(page, Asked(asked.typed), HTTPStatus.CONFLICT, refusal("form_expired"))
    if findings:
        return _show(page, Asked(asked.typed, findings=findings), UNPROCESSABLE)
    if posted.get("sure") != "yes":
        return page.show(
            "staff/rights_sure.html", personal=True, document=asked.body["document"], basis=basis, words=accounts
        )
    try:
        ordered = await page.commands.order_erasure({**asked.body, "basis": basis})
    except Refused as refused:
        return _refused(page, asked, refused)
    return page.go(f"{ORDERS}/{quote(ordered.erasure_id, safe='')}")


@router.get(ORDERS)
async def find(page: Page = OpenPage) -> Response:
    """An order by its number, as it was noted down."""
    number = page.query.get("number", "").strip().lower()
    if not number:
        return page.go(HERE)
    if not ORDER.fullmatch(number):
        return _show(page, Asked({"number": number}, findings={"number": "number_format"}), UNPROCESSABLE)
    return page.go(f"{ORDERS}/{number}")


@router.get(f"{ORDERS}/{{erasure_id}}")
async def erasure(erasure_id: Id, page: Page = OpenPage) -> Response:
    """How an order stands, what holds it, and its proof once it is completed."""
    found = await page.queries.erasure(erasure_id)
    # As accounts hashed it, letter by letter: whoever copies the line can reckon its checksum again.
    proof = json.dumps(found.proof, sort_keys=True, separators=(",", ":"), ensure_ascii=True) if found.proof else ""
    return page.show(
        "staff/erasure.html", personal=True, erasure=found, proof=proof, services=audit.SERVICES, words=accounts
    )

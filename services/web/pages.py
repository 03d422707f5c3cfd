"""One request's page: in which language and size, and what stands on every page.

`open_page` reads what the visitor chose and asks for the hall once; `Page.show` renders. The hall's name and phone
number are remembered, so that they stand on every page also while the roster is away; where it was
never reached the phone number of the settings stands there.
"""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import structlog
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from services.web import devices, permissions
from services.web.commands import Commands
from services.web.domain import remaining
from services.web.forms import Unreadable, has_controls, read_pairs
from services.web.languages import CHINESE, LANGUAGES, Language, clock
from services.web.preferences import own_path
from services.web.queries import Memory, Queries, or_none
from services.web.refusals import STAFF_STEPS, Refusal
from services.web.security import ELDER_COOKIE, FORM_COOKIE, LANGUAGE_COOKIE, RENEWAL_COOKIE, Cookies
from services.web.settings import WebSettings
from services.web.upstream import Refused, Unavailable, Upstream
from shared.events.roster import Venue
from shared.gateway import client_address
from shared.identity.keys import IdentityUnavailable
from shared.identity.recognition import Recognition, token_of
from shared.identity.tokens import Principal, SignInNeeded
from shared.privacy import mask_number

HERE = Path(__file__).parent
STATIC = HERE / "static"
SCRIPTS = ("htmx.min.js", "hx-sse.min.js")
"""What live pages run, in this order."""


DEVICE_PAGE = "/device"
"""From where a kiosk or screen finds its page by itself."""
KIOSK = re.compile(r"/staff/sessions/[^/]+/kiosk(?=/|$)")


def _asset_version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _asset(name: str) -> str:
    return f"/static/{name}?v={_asset_version(name)}"


@dataclass(frozen=True)
class Site:
    """What all pages share while the process runs."""

    settings: WebSettings
    cookies: Cookies
    memory: Memory
    templates: dict[str, jinja2.Environment] = field(repr=False)

    @classmethod
    def build(cls, settings: WebSettings) -> "Site":
        """Read templates and catalogues; an error in a template stops the start."""
        templates = {code: _environment(each, settings) for code, each in LANGUAGES.items()}
        for environment in templates.values():
            for name in environment.list_templates():
                environment.get_template(name)
        cookies = Cookies(
            settings.service_secret, voucher_seconds=settings.voucher_seconds, draft_seconds=settings.draft_seconds
        )
        return cls(settings, cookies, Memory(settings), templates)


def _environment(language: Language, settings: WebSettings) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        language.translations.gettext, language.translations.ngettext, newstyle=True
    )
    shown = clock(settings.zone)
    environment.globals.update(
        language=language,
        asset=_asset,
        remaining=remaining,
        mask_number=mask_number,
        zone=settings.zone,
        stylesheet=_asset("tokens.css"),
        icon=_asset("mark.svg"),
        scripts=[_asset(name) for name in SCRIPTS],
        hall_script=_asset("hall.js"),
    )
    environment.filters.update(
        clock=shown,
        county=lambda moment: moment.astimezone(settings.zone),
        day=lambda when: language.day(_local(when, settings)),
        short_day=lambda when: language.short_day(_local(when, settings)),
        date=lambda when: language.month_day(_local(when, settings)),
        weekday=lambda when: language.weekday(_local(when, settings)),
        named=language.of,
        person=language.person,
        dial=_dial,
    )
    return environment


def _local(when: Any, settings: WebSettings) -> Any:
    """A date as it is, an instant as the county's clock shows it."""
    return when.astimezone(settings.zone) if isinstance(when, datetime) else when


def _dial(phone: str) -> Markup:
    """A phone number for `tel:`: its first run of digits, for an extension cannot be dialled through."""
    digits = ""
    for each in phone:
        if each.isascii() and (each.isdigit() or each in "+-"):
            digits += each
        elif digits:
            break
    return Markup("tel:") + digits


@dataclass
class Page:
    """One request's page."""

    request: Request
    site: Site
    language: Language
    elder: bool
    query: dict[str, str]
    queries: Queries
    commands: Commands
    venue: Venue | None
    citizen: Principal | None = None
    """The citizen who is signed in, if one is."""

    def say(self, text: str, **values: Any) -> str:
        """A phrase in the visitor's language."""
        return self.language.say(text, **values)

    @property
    def phone(self) -> str:
        """The number that helps."""
        return self.language.phone(self.venue.phone if self.venue else self.site.settings.phone)

    @property
    def here(self) -> str:
        """The address of this page."""
        return own_path(self.request)

    @property
    def is_staff(self) -> bool:
        """Whether it is one of the staff's pages."""
        return f"{self.here}/".startswith("/staff/")

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody's token stands behind this page."""
        return getattr(self.request.state, "principal", None) is not None

    def may(self, name: str, department_id: str | None = None) -> bool:
        """Whether who reads this page has a permission, by its name; at one department's things if one is given."""
        principal: Principal | None = getattr(self.request.state, "principal", None)
        return principal is not None and permissions.NAMED[name].is_held(principal, department_id)

    @property
    def is_device(self) -> bool:
        """Whether a kiosk or screen shows this page, which nobody stands before to press a way back."""
        principal: Principal | None = getattr(self.request.state, "principal", None)
        return principal.kind == "device" if principal else bool(devices.secret_of(self.request))

    @property
    def kiosk(self) -> str:
        """The address of the kiosk that this is a page of, for the public stands before it; empty if of none."""
        found = KIOSK.match(self.here)
        return found[0] if found and self.is_staff else ""

    def link(self, **wishes: str) -> str:
        """The address of this page in another language or size."""
        here = self.here
        if self.request.method == "GET":
            return f"{here}?{urlencode({**self.query, **wishes})}"
        # What answers a form has no address of its own to come back to: another language begins anew.
        start = "/staff/home" if self.is_staff else "/bookings" if here.startswith("/bookings") else "/"
        return f"{start}?{urlencode(wishes)}"

    def show(
        self,
        template: str,
        http_status: int = HTTPStatus.OK,
        *,
        personal: bool = False,
        retry_after: int | None = None,
        **context: Any,
    ) -> Response:
        """Render a page. `personal`: what it shows is kept nowhere, not even in the browser.

        `retry_after`: after how many seconds what was refused may be tried again; page and header say so.
        """
        cookies = self.site.cookies
        form_secret = cookies.form_secret(self.request)
        has_form = False

        def form_token() -> str:
            nonlocal has_form
            has_form = True
            return cookies.form_token(form_secret)

        text = (
            self.site.templates[self.language.code]
            .get_template(template)
            .render(
                page=self,
                elder=self.elder,
                venue=self.venue,
                phone=self.phone,
                form_token=form_token,
                retry_after=retry_after,
                **context,
            )
        )
        response = HTMLResponse(text, http_status)
        if personal:
            response.headers["Cache-Control"] = "no-store"
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        if has_form and cookies.read(self.request, FORM_COOKIE) != form_secret:
            cookies.set(self.request, response, FORM_COOKIE, form_secret, None)
        return response

    def tell(  # noqa: PLR0913  (what the page says)
        self,
        refusal: Refusal,
        status: int,
        *,
        code: str = "",
        retry_after: int | None = None,
        matter_id: str = "",
        correlated: str = "",
        **context: Any,
    ) -> Response:
        """The page that says what did not work, and the next step."""
        context = {"back": self.kiosk or (DEVICE_PAGE if self.is_device else ""), **context}
        return self.show(
            "staff/refused.html" if self.is_staff else "refused.html",
            status,
            personal=True,
            refusal=refusal,
            next_step=STAFF_STEPS.get(code, refusal.next_step) if self.is_staff else refusal.next_step,
            status=status,
            code=code,
            retry_after=retry_after,
            matter_id=matter_id,
            correlation_id=correlated or correlation_id(),
            **context,
        )

    def go(self, path: str) -> Response:
        """Send the browser on, by GET."""
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)


class NotThere(Exception):  # noqa: N818  (what the page is)
    """A page that cannot be shown now; `response` says why, or leads on."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def correlation_id() -> str:
    """By which the logs of all services tell of the request."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


def site_of(request: Request) -> Site:
    """The site that serves a request."""
    found: Site = request.app.state.site
    return found


def _is_young(principal: Principal) -> bool:
    """Whether a token has not yet lived half its life, by the machine's clock: an older one is renewed."""
    return datetime.now(UTC) < principal.issued_at + (principal.expires_at - principal.issued_at) / 2


async def _going_on(request: Request, upstream: Upstream) -> Upstream:
    """The same with a new token where this one has lived half its life; with the old one while accounts is away.

    Raises Refused where accounts says that the sign-in is over, SignInNeeded where the device was revoked.
    """
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None or _is_young(principal):
        return upstream
    try:
        if principal.kind == "device":
            return await devices.going_on(request, upstream)
        found = await Commands(upstream).renew()
    except Unavailable:
        return upstream
    setattr(request.state, devices.RENEWED, found.token)
    return replace(upstream, token=found.token)


FORGOTTEN = "forgotten"
"""Where a request's state notes that the browser's sign-in is over."""


async def _recognised(request: Request, site: Site, upstream: Upstream) -> tuple[Upstream, Principal | None]:
    """The citizen who is signed in, with a token that lives: a new one where the last is dead, or half its life over.

    A token that counts no more is shown to nobody, so that whoever was signed in once can go on without an account.
    """
    recognition = request.app.state.runtime.recognition
    found = await _principal(recognition, upstream.token)
    if found is not None and found.kind != "citizen":
        return upstream, None
    renewal = site.cookies.read(request, RENEWAL_COOKIE)
    if found is None:
        upstream = replace(upstream, token="")
    elif _is_young(found):
        return upstream, found
    if not renewal:
        return upstream, found
    try:
        renewed = await Commands(replace(upstream, token="")).renew_citizen(renewal)
    except Unavailable:
        return upstream, found
    except Refused:  # it was ended elsewhere, or by itself
        setattr(request.state, FORGOTTEN, True)
        return replace(upstream, token=""), None
    setattr(request.state, devices.RENEWED, renewed.token)
    return replace(upstream, token=renewed.token), await _principal(recognition, renewed.token)


async def _principal(recognition: Recognition, token: str) -> Principal | None:
    """Whom a token names; None for none, and for one that cannot be taken now."""
    try:
        return await recognition.of_token(token)
    except (SignInNeeded, IdentityUnavailable):
        return None


async def open_page(request: Request) -> Page:
    """The request's page (a FastAPI dependency). Raises Unreadable for an address that is no text."""
    site = site_of(request)
    try:
        query = read_pairs(request.scope["query_string"])
    except Unreadable:
        request.scope["query_string"] = b""  # so that the page that tells it can be opened
        raise
    if any(has_controls(each) for each in (*query, *query.values())):
        request.scope["query_string"] = b""
        raise Unreadable
    code = site.cookies.read(request, LANGUAGE_COOKIE)
    elder = site.cookies.read(request, ELDER_COOKIE)
    token = getattr(request.state, devices.RENEWED, "") or token_of(request, takes_forms=True)
    agent = request.headers.get("user-agent", "")
    upstream = Upstream(request.app.state.runtime.http, site.settings, client_address(request), agent, token)
    upstream = await _going_on(request, upstream)
    citizen = None
    if not f"{request.url.path}/".startswith("/staff/"):
        upstream, citizen = await _recognised(request, site, upstream)
    queries = Queries(upstream, site.memory)
    try:
        venue = await or_none(queries.venue())
    except Refused:  # no pack was imported yet
        venue = None
    return Page(
        request=request,
        site=site,
        language=LANGUAGES.get(code, CHINESE),
        elder=elder == "1",
        query=query,
        queries=queries,
        commands=Commands(upstream),
        venue=venue,
        citizen=citizen,
    )


OpenPage = Depends(open_page)

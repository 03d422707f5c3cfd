"""A county whose staff sign in with a provider: the pages, accounts behind them, the provider, and a browser before."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from services.web.app import create_app as create_pages
from tests.integration.accounts_office import Office, office_open
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, PASSWORD
from tests.page_forms import fields
from tests.serving import served

ROOT = Path(__file__).parents[2]
HALL = "http://hall.test"
RETURN_TO = f"{HALL}/sign-in/oidc/back"


@asynccontextmanager
async def provider_running(folder: Path, port: int) -> AsyncIterator[str]:
    """The provider as a process of its own; its issuer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.oidc_provider",
        str(folder),
        str(port),
        RETURN_TO,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 60)).strip() == b"ready"
        yield f"http://127.0.0.1:{port}/o"
    finally:
        process.kill()
        await process.wait()


def environment(issuer: str, **changes: str) -> dict[str, str]:
    """What accounts is told of the provider."""
    return {
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "望川通",
        **changes,
    }


class Browser:
    """A browser without a script: one set of cookies for the pages, one for the provider."""

    def __init__(self, pages: httpx.AsyncClient, provider: httpx.AsyncClient) -> None:
        self.pages = pages
        self.provider = provider

    async def ask(self, to: str = "/staff/today") -> str:
        """Press the provider's button; where that leads."""
        page = await self.pages.get("/sign-in", params={"to": to})
        assert "用望川通登录" in page.text
        answer = await self.pages.get("/sign-in/oidc", params={"to": to})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def recognised(self, address: str, username: str) -> str:
        """Go through the provider's login form; where it sends the browser back to."""
        answer = await self.provider.get(address)
        while not answer.headers.get("location", "").startswith(HALL):
            if "location" in answer.headers:
                answer = await self.provider.get(httpx.URL(str(answer.url)).join(answer.headers["location"]))
                continue
            form = _whole_form(answer)
            typed = {**form, "username": username, "password": PASSWORD}
            answer = await self.provider.post(answer.url, data=typed, headers={"Referer": str(answer.url)})
            assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def walk(self, username: str, to: str = "/staff/today") -> httpx.Response:
        """From the sign-in page through the provider and back: what our page answers to the provider's redirection."""
        return await self.pages.get(await self.recognised(await self.ask(to), username))

    async def type_code(self, code: str) -> httpx.Response:
        """The telephone's code, on the page that asks for it."""
        page = await self.pages.get("/sign-in/oidc/code")
        action = "/sign-in/oidc/code"
        return await self.pages.post(action, data={**fields(page, action), "code": code}, headers={"Origin": HALL})

    def forget_provider(self) -> None:
        """As if the provider's session were over."""
        self.provider.cookies.clear()


def _whole_form(page: httpx.Response) -> dict[str, str]:
    assert '<form method="post">' in page.text, page.text
    shown = httpx.Response(200, text=page.text.replace('<form method="post">', '<form action="here">'))
    return fields(shown, "here")


def why(answer: httpx.Response) -> str:
    """Why a sign-in led back to the sign-in page; empty where it did not."""
    assert answer.status_code == 303, answer.text
    return "".join(parse_qs(urlsplit(answer.headers["location"]).query).get("why", [""]))


class County:
    """All of it."""

    def __init__(self, office: Office, pages_app: Any) -> None:
        self.office = office
        self._pages_app = pages_app
        self._stack = AsyncExitStack()

    async def browser(self, agent: str = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36") -> Browser:
        """A fresh browser."""
        pages = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._pages_app, client=("10.1.2.3", 1)),
            base_url=HALL,
            headers={"User-Agent": agent},
        )
        provider = httpx.AsyncClient(trust_env=False)
        return Browser(await self._stack.enter_async_context(pages), await self._stack.enter_async_context(provider))

    async def close(self) -> None:
        """Close the browsers."""
        await self._stack.aclose()


@asynccontextmanager
async def county_open(
    make_database: Any, settings_env: dict[str, str], monkeypatch: Any, told: dict[str, str]
) -> AsyncIterator[County]:
    """Accounts over real HTTP, and the pages as they run before it. No other service is there."""
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(office_open(make_database, {**settings_env, **told}, monkeypatch))
        address = await stack.enter_async_context(served(office.app))
        for name in told:
            monkeypatch.delenv(name)
        monkeypatch.setenv("ACCOUNTS_URL", address)
        monkeypatch.setenv("WEB_ALLOWED_HOSTS", "hall.test")
        for service in ("ROSTER", "BOOKING", "QUEUE", "NOTIFICATIONS"):
            monkeypatch.setenv(f"{service}_URL", "http://127.0.0.1:1")
        pages = create_pages()
        await stack.enter_async_context(pages.router.lifespan_context(pages))
        county = County(office, pages)
        try:
            yield county
        finally:
            await county.close()

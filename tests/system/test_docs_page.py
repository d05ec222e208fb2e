"""The documentation page in a real browser: signing in, calling, and nothing from elsewhere."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from databases import make_sqlite
from live_server import live_server

from marketplace import create_app
from marketplace.core.clock import utc_now
from marketplace.extensions import db
from marketplace.system.demo import operations as demo

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.slow

REQUIRED = "MARKETPLACE_TEST_REQUIRE_BROWSER"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server with a little demo data."""
    making = make_sqlite(tmp_path_factory.mktemp("docs"))
    database = next(making)
    app = create_app(database.settings())
    with app.app_context():
        demo.load(
            specialists=20, services_each=2, clients=10, seed=1, actor="system", now=utc_now()
        )
    with app.app_context():
        db.engine.dispose()
    with live_server(database) as address:
        yield address
    next(making, None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get(REQUIRED):
            pytest.fail("a browser is required here and none is found", pytrace=False)
        pytest.skip("no chromium is found")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        yield opened
        opened.close()


@dataclass
class DocsPage:
    """The open page, and what it complained of and asked for since."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def operation(self, tag: str, name: str) -> Any:
        """An operation's block, unfolded."""
        block = self.page.locator(f"#operations-{tag}-{name}")
        if "is-open" not in (block.get_attribute("class") or ""):
            block.locator(".opblock-summary-control").click()
        return block

    def execute(self, tag: str, name: str) -> tuple[str, str]:
        """Execute an operation as it stands; the status and the body the page shows."""
        block = self.operation(tag, name)
        block.locator("button.execute").click()
        answer = block.locator(".live-responses-table tbody tr.response")
        answer.wait_for()
        status = answer.locator(".response-col_status").inner_text().split()[0]
        return status, answer.locator(".response-col_description").inner_text()


@pytest.fixture(params=["desktop", "phone"])
def docs(request: pytest.FixtureRequest, browser: Any, server: str) -> Iterator[DocsPage]:
    """The page on a screen of either size, loaded."""
    width, height = {"desktop": (1280, 900), "phone": (390, 844)}[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    docs = DocsPage(page)
    page.on("console", lambda said: docs.complaints.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: docs.complaints.append(str(error)))
    page.on("request", lambda asked: docs.asked.append(asked.url))
    page.goto(f"{server}/api/docs/")
    page.locator("#operations-auth-logIn").wait_for()
    yield docs
    context.close()


def shown(docs: DocsPage, name: str) -> None:
    """Keep a picture when a folder for pictures is named."""
    folder = os.environ.get("MARKETPLACE_TEST_PICTURES")
    if folder:
        width = docs.page.viewport_size["width"]
        docs.page.screenshot(path=Path(folder) / f"{name}-{width}.png")


def test_the_page_signs_in_by_itself_and_every_step_answers_200(
    docs: DocsPage, server: str
) -> None:
    page = docs.page
    shown(docs, "opened")

    assert docs.execute("auth", "logIn")[0] == "200"
    shown(docs, "logged-in")
    page.locator(".auth-wrapper .authorize.locked").wait_for()

    status, profile = docs.execute("profile", "getOwnProfile")
    shown(docs, "profile")
    assert status == "200"
    assert '"id": 2' in profile
    for _ in range(2):
        status, tokens = docs.execute("auth", "refreshTokens")
        assert status == "200"
        assert '"access"' in tokens
    shown(docs, "refreshed")
    assert docs.execute("profile", "getOwnProfile")[0] == "200"
    assert docs.execute("account", "listSessions")[0] == "200"
    assert docs.execute("catalogue", "getCatalogueService")[0] == "200"

    assert docs.complaints == []
    assert {url.startswith((f"{server}/", "data:")) for url in docs.asked} == {True}


def test_nothing_is_wider_than_the_screen(docs: DocsPage) -> None:
    docs.execute("auth", "logIn")
    docs.execute("catalogue", "listCatalogue")
    shown(docs, "answers")

    overflow = docs.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert overflow <= 0


def test_a_failed_call_shows_the_problem(docs: DocsPage) -> None:
    status, problem = docs.execute("profile", "getOwnProfile")

    assert status == "401"
    assert "token_required" in problem

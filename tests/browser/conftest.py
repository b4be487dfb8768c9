"""A browser, and pages opened in it from disk.

Whatever a test does with a page: no request leaves the machine, nothing is said on the console,
nothing raises, no dialog opens. Pictures for a reviewer go to `build/screenshots`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from reporter.outputs import render
from reporter.report import Report, host_report
from tests.reporter.html_cases import hostile, large, reference

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

Open = Callable[..., Page]
"""Opens a file: `open(path, fragment="#x", width=…, dark=…, script=…, phone=…)`."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser; without one the tests are skipped."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Return what opens a page, and see afterwards that it kept to itself."""
    troubles: list[str] = []

    def console(message: ConsoleMessage) -> None:
        troubles.append(f"console: {message.text}")

    def dialog(shown: Dialog) -> None:
        troubles.append(f"dialog: {shown.message}")
        shown.dismiss()

    def request(asked: Request) -> None:
        if not asked.url.startswith("file:"):
            troubles.append(f"request: {asked.url}")

    def opened(
        path: Path,
        *,
        fragment: str = "",
        width: int = 1280,
        dark: bool = False,
        script: bool = True,
        phone: bool = False,
    ) -> Page:
        settings: dict[str, Any] = {"viewport": {"width": width, "height": 900}}
        if phone:
            settings = {
                "viewport": {"width": 360, "height": 740},
                "device_scale_factor": 2,
                "is_mobile": True,
                "has_touch": True,
            }
        context = chromium.new_context(
            offline=True,
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            permissions=["clipboard-read", "clipboard-write"],
            **settings,
        )
        page = context.new_page()
        page.on("console", console)
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("dialog", dialog)
        page.on("request", request)
        page.goto(f"{path.as_uri()}{fragment}")
        return page

    yield opened
    for context in chromium.contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Return what keeps a picture for a reviewer."""

    def keep(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the pages of hosts, by what they are: reference, large, hostile."""
    folder = tmp_path_factory.mktemp("pages")
    paths = {}
    for name, bundle in (("reference", reference()), ("large", large()), ("hostile", hostile())):
        whole = Report("d" * 64, "run", complete=True, hosts=(host_report(bundle),), unreachable=())
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(render(whole, "html"), encoding="utf-8")
    return paths

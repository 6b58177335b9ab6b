"""A real browser for tests, and what it finds wrong with a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.settings import ROOT

# Processes of tests share the cores: what takes a second alone may take ten beside another's start of Rasa.
expect.set_options(timeout=15_000)

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A made-up site may load what this machine serves; in the world both are public.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
]


EXIT = "https://weather.test/"
"""Where a resident who leaves is taken; no test lets a browser really go there."""


WATCH = """
window.ran = () => { window.didRun = true; };
addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
"""For every page: what would run says so, and what the policy stops is an error in the console."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium; without one the test is skipped, and in CI it fails."""
    program = os.environ.get("ENLACE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not program:
        missing = "There is no Chromium: install the package `chromium`, or name one with ENLACE_CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, headless=True, args=QUIET)
        yield browser
        await browser.close()


async def serious(page: Page) -> list[str]:
    """What axe finds that keeps people out."""
    return [f"{rule}: {html}" for rule, impact, html in await _axe(page) if impact in {"serious", "critical"}]


async def anything(page: Page) -> list[str]:
    """Whatever axe finds, of any weight."""
    return [f"{rule} ({impact}): {html}" for rule, impact, html in await _axe(page)]


async def _axe(page: Page) -> list[tuple[str, str, str]]:
    found = await Axe().run(page)
    return [
        (each["id"], each["impact"], node["html"][:200])
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


async def picture(page: Page, name: str) -> None:
    """Save what the page looks like for the documents, if ENLACE_SCREENSHOTS=1 asks for it."""
    if os.environ.get("ENLACE_SCREENSHOTS") == "1":
        await page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")

"""How soon the chat can be used on a slow phone: four times slower a processor, 400 kbit a second, nothing cached.

A real browser opens the demonstration's page, presses the button, and waits until the field has the focus.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics

from playwright.async_api import Browser, async_playwright

from benchmarks.server import Running

TIMES = 10
SLOWDOWN = 4
BYTES_A_SECOND = 400_000 / 8
DELAYS_MS = (0, 150)
"""What each request waits besides: the profile names none, and a mobile network has one."""
# The chat's frame is sandboxed; in a process of its own it would not be slowed down with the page.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-features=IsolateSandboxedIframes",
]


# The browser's own clock: what the driver needs to find and press things is not a phone's time.
WATCH = """
addEventListener("click", () => { window.pressedAt ??= Date.now(); }, true);
addEventListener("focusin", (event) => { if (event.target.id === "text") window.usableAt ??= Date.now(); }, true);
"""


async def _visit(browser: Browser, url: str, delay_ms: int) -> tuple[float, float]:
    """Milliseconds until the button is there, and from pressing it until one can write."""
    context = await browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    rates = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    await devtools.send("Network.emulateNetworkConditions", {"offline": False, "latency": delay_ms} | rates)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    await page.add_init_script(WATCH)
    await page.goto(url, wait_until="commit")
    button = page.get_by_role("button")
    await button.wait_for(state="visible")
    there = await page.evaluate("Date.now() - performance.timeOrigin")
    await button.tap()
    field = page.frame_locator("iframe").locator("#text:focus")
    usable = await field.evaluate("() => window.usableAt") - await page.evaluate("window.pressedAt")
    await context.close()
    return float(there), float(usable)


async def measure(running: Running) -> None:
    """Print the table."""
    program = os.environ.get("ENLACE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        print("\nphone: there is no Chromium; install one, or name it in ENLACE_CHROMIUM")
        return
    print(
        f"\nA phone {SLOWDOWN} times slower, {BYTES_A_SECOND * 8 / 1000:.0f} kbit/s, nothing cached, {TIMES} visits\n"
    )
    print("| delay ms | button there, median ms | pressed until one can write, median ms | slowest ms |")
    print("| ---: | ---: | ---: | ---: |")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        for delay in DELAYS_MS:
            visits = [await _visit(browser, f"{running.url}/demo/kent-wa", delay) for _ in range(TIMES)]
            loads, opens = zip(*visits, strict=True)
            print(f"| {delay} | {statistics.median(loads):.0f} | {statistics.median(opens):.0f} | {max(opens):.0f} |")
        await browser.close()


def run(running: Running) -> None:
    """Measure on a server that runs."""
    asyncio.run(measure(running))

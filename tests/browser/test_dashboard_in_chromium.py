"""The dashboard in a real browser: every page draws, nothing leaves the machine, nothing bars a reader."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analytics.serving import server_command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGES = {
    "Overview": "Overview",
    "Complications": "Complications",
    "Published figures": "Beside the literature",
    "Survival": "Survival",
    "Imaging": "Imaging",
    "Devices": "Devices",
    "The review\u2019s claims": "The review\u2019s claims",
    "Data quality": "Data quality",
    "Methods": "Methods",
}
"""Names in the menu, and the heading of each page."""
DRAWN = {"Overview": 2, "Complications": 2, "Published figures": 1, "Survival": 2, "Data quality": 2}
"""Figures of the pages that have some for the small registry of these tests."""
READY = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, snapshots: Path) -> Iterator[str]:
    """Start the real server, with the flags of the command line, on a free port."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            server_command(snapshots, port), cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_until_healthy(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_until_healthy(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    pytest.fail("The dashboard did not start.")


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_page_draws_stays_on_this_machine_and_is_accessible(address: str, chromium: str) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    outside: list[str] = []
    complaints: list[str] = []
    barriers: dict[str, list[Any]] = {}
    drawn: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1366, "height": 3000})
        page.on(
            "request",
            lambda request: outside.append(request.url) if is_outside(request.url, address) else None,
        )
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(address)
        for name, heading in PAGES.items():
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
            page.get_by_role("heading", name=heading, exact=True, level=1).wait_for(timeout=60_000)
            page.wait_for_selector(READY, timeout=60_000)
            if name in DRAWN:
                page.wait_for_selector("[data-testid=stVegaLiteChart] svg text", timeout=60_000)
            drawn[name] = page.locator("[data-testid=stVegaLiteChart] svg").count()
            found = Axe().run(page).response["violations"]
            barriers[name] = [
                (fault["id"], [node["html"][:200] for node in fault["nodes"]][:3])
                for fault in found
                if fault["impact"] in {"serious", "critical"}
            ]
        browser.close()
    assert outside == []
    assert complaints == []
    assert {name: faults for name, faults in barriers.items() if faults} == {}
    assert {name: count for name, count in drawn.items() if count} == DRAWN


def is_outside(url: str, address: str) -> bool:
    return not url.startswith((address, address.replace("http:", "ws:"), "data:", "blob:"))

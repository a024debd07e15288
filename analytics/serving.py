"""Start the dashboard: a Streamlit server on 127.0.0.1, told nothing but a folder of snapshots."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.errors import CalcpciError, StoreError
from analytics.store.publishing import find_current_snapshot, snapshot_folder

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "127.0.0.1"
FIRST_PORT = 8501
_START_SECONDS = 60


def serve_dashboard(db: Path, *, port: int | None, say: Callable[[str], object]) -> None:
    """Serve the snapshots of a store until interrupted; say the address when the server answers.

    Raises
    ------
    StoreError
        If the store has no published snapshot.
    CalcpciError
        If the port is in use or the server does not answer within a minute.
    """
    folder = snapshot_folder(db)
    if not db.is_file():
        raise StoreError(
            where=str(db), what="no such file", fix="Load a registry first, or run 'calcpci demo'."
        )
    find_current_snapshot(folder)
    chosen = _choose_port(port)
    # A polite stop from outside must take the server along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    process = subprocess.Popen(server_command(folder, chosen))  # noqa: S603 - our own interpreter and app
    try:
        _wait_until_healthy(process, chosen)
        say(f"Dashboard: http://{ADDRESS}:{chosen}  (Ctrl+C stops it)")
        _open_browser(chosen)
        process.wait()
    except KeyboardInterrupt:
        say("Dashboard stopped.")
    finally:
        process.terminate()
        process.wait()


def server_command(folder: Path, port: int) -> list[str]:
    """Return the command line of the server."""
    home = _dashboard_home()
    settings = tomllib.loads((home / "server.toml").read_text(encoding="utf-8"))
    flags = [
        part
        for section, entries in settings.items()
        for key, value in _flatten(section, entries)
        for part in (f"--{key}", str(value).lower() if isinstance(value, bool) else str(value))
    ]
    app = [sys.executable, "-m", "streamlit", "run", str(home / "app.py")]
    return [
        *app,
        "--server.address",
        ADDRESS,
        "--server.port",
        str(port),
        *flags,
        "--",
        "--snapshots",
        str(folder),
    ]


def _flatten(prefix: str, entries: dict[str, object]) -> list[tuple[str, object]]:
    """Turn nested tables into dotted Streamlit options."""
    flat: list[tuple[str, object]] = []
    for key, value in entries.items():
        name = f"{prefix}.{key}"
        flat.extend(_flatten(name, value) if isinstance(value, dict) else [(name, value)])
    return flat


def _dashboard_home() -> Path:
    """Folder of the dashboard, found without importing it."""
    spec = importlib.util.find_spec("dashboard")
    if spec is None or not spec.submodule_search_locations:
        raise CalcpciError(
            where="dashboard", what="is not installed", fix="Install calcpci again: pip install ."
        )
    return Path(spec.submodule_search_locations[0])


def _choose_port(port: int | None) -> int:
    """Take the port asked for, or the first free one."""
    if port is not None:
        if not _is_free(port):
            raise CalcpciError(where=f"port {port}", what="is in use", fix="Choose another with --port.")
        return port
    for candidate in range(FIRST_PORT, FIRST_PORT + 50):
        if _is_free(candidate):
            return candidate
    raise CalcpciError(where=f"ports from {FIRST_PORT}", what="are all in use", fix="Choose one with --port.")


def _is_free(port: int) -> bool:
    """Whether nothing listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without it a port in TIME_WAIT after a stopped dashboard would look busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Poll the server's health address."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise CalcpciError(
        where=f"http://{ADDRESS}:{port}",
        what="the dashboard did not start",
        fix="Read the lines above this one.",
    )


def _open_browser(port: int) -> None:
    """Open the page where a person sits before a screen."""
    has_screen = sys.platform in {"win32", "darwin"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if has_screen and sys.stdout.isatty():
        webbrowser.open(f"http://{ADDRESS}:{port}")

"""Sees to it that the tests have a browser: the system's, Debian's package as root, else Playwright's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONTS = "fonts-noto-cjk"
INSTALL_SECONDS = 600


def find() -> str | None:
    """The path of a Chromium that tests can use, if there is one."""
    for name in SYSTEM_NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Install one: from Debian's packages when root, else Playwright's own download."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found: installing Debian's chromium for the page tests ...", flush=True)
        _run("apt-get", "update", "-q")
        _run("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", FONTS)
    else:
        print("No browser found: Playwright downloads its own for the page tests ...", flush=True)
        _run(sys.executable, "-m", "playwright", "install", "chromium")


def _run(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, timeout=INSTALL_SECONDS, stdout=subprocess.DEVNULL, env=environment)


def main() -> int:
    """Exit 0 when there is a browser, else 1 with a sentence."""
    if find() is None:
        install()
    if found := find():
        print(f"Browser for the page tests: {found}")
        return 0
    print(
        "The page tests need Chromium and none could be installed. Install it yourself "
        "(Debian: apt install chromium fonts-noto-cjk; elsewhere: .venv/bin/playwright install --with-deps "
        "chromium) and run make test again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())

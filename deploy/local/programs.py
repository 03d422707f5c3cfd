"""Programs that tests want and pip has not: `python -m deploy.local.programs browser|load`, which the Makefile runs.

`browser` is Chromium with a font that has Chinese characters, `load` is wrk. What is missing is installed by apt
where we may, as root or by sudo without a question. Exit code 0 where everything is there in the end, else 1
after a line that says what is missing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
APT_SECONDS = 900


def chromium() -> Path | None:
    """The browser that tests drive, if there is one."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return Path(found) if found else None


def has_chinese_font() -> bool:
    """Whether a page in Chinese would show characters instead of boxes."""
    if shutil.which("fc-list") is None:
        return False
    found = subprocess.run(["fc-list", ":lang=zh-cn", "family"], check=False, capture_output=True)
    return bool(found.stdout.strip())


def has_browser() -> bool:
    """Whether the tests of pages can run."""
    return chromium() is not None and has_chinese_font()


def has_load_generator() -> bool:
    """Whether there is wrk."""
    return shutil.which("wrk") is not None


WANTED = {
    "browser": (has_browser, ("chromium", "fontconfig", "fonts-noto-cjk")),
    "load": (has_load_generator, ("wrk",)),
}


def _install(packages: tuple[str, ...]) -> None:
    """Ask apt for the packages, if we may."""
    if shutil.which("apt-get") is None:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if as_root and (
        shutil.which("sudo") is None or subprocess.run([*as_root, "true"], check=False, capture_output=True).returncode
    ):
        return
    print(f"Installing {' '.join(packages)} …", flush=True)
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
        done = subprocess.run([*apt, *arguments], check=False, capture_output=True, timeout=APT_SECONDS)
        if done.returncode != 0:
            print(done.stderr.decode(errors="replace").strip()[-500:], file=sys.stderr)
            return


def main() -> int:
    """The exit code."""
    is_there, packages = WANTED[sys.argv[1]]
    if not is_there():
        _install(packages)
    if is_there():
        return 0
    print(f"MISSING: {', '.join(packages)}. Install them to run what needs them.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

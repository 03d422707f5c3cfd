"""Makes `.venv` and installs a lock into it: `python3 deploy/local/prepare.py local|dev`, which the Makefile runs.

Needs nothing but Python 3.11 with venv. Does nothing where the lock's hash is the one that was installed; every
package is believed only with the lock's checksum. One at a time: a second one waits.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
MINIMUM = (3, 11)
LOCKS = {"local": ("local", "dev"), "dev": ("dev",)}
"""Which installed locks will do: the one for development holds all of the other."""


def _lock(name: str) -> Path:
    return ROOT / f"requirements-{name}.txt"


def _stamp(name: str) -> Path:
    return FOLDER / f"installed-{name}"


def _is_installed(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == hashlib.sha256(_lock(name).read_bytes()).hexdigest()


def _works() -> bool:
    """Whether there is an environment whose Python still runs and is new enough."""
    question = f"import sys; sys.exit(sys.version_info < {MINIMUM})"
    try:
        return subprocess.run([PYTHON, "-c", question], check=False, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _make() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=False, capture_output=True)
    if made.returncode != 0:
        said = made.stdout.decode(errors="replace").strip()
        sys.exit(f"This Python cannot make a virtual environment (on Debian: apt install python3-venv).\n{said}")


def _install(name: str) -> None:
    """Run pip, showing how far it is. Ends the program with pip's last words if it fails."""
    lock = _lock(name)
    total = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    with contextlib.suppress(FileNotFoundError):
        _stamp(name).unlink()
    if subprocess.run([PYTHON, "-m", "pip", "--version"], check=False, capture_output=True).returncode != 0:
        subprocess.run([PYTHON, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    options = ["--disable-pip-version-check", "--no-input", "--only-binary=:all:", "--require-hashes"]
    command = [str(PYTHON), "-m", "pip", "install", *options, "-r", str(lock)]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    )
    said: list[str] = []
    seen = 0
    moving = sys.stdout.isatty()
    for line in pip.stdout or ():
        said = [*said[-30:], line]
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            seen += 1
            if moving:
                print(f"\r\x1b[KPackages {seen}/{total} {line.split()[1][:40]}", end="", flush=True)
        elif line.startswith("Installing collected packages"):
            print("\r\x1b[KInstalling packages …" if moving else "Installing packages …", flush=True)
    if pip.wait() != 0:
        sys.exit("\nThe packages could not be installed:\n" + "".join(said))
    _stamp(name).write_text(hashlib.sha256(lock.read_bytes()).hexdigest())


def main() -> None:
    """Make sure of the environment."""
    if sys.version_info < MINIMUM:
        version = ".".join(str(part) for part in sys.version_info[:2])
        sys.exit(f"Python 3.11 or newer is needed, this is {version}. Name another one: make PYTHON=python3.13 …")
    wanted = sys.argv[1]
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)  # until this program ends
    works = _works()
    if works and any(_is_installed(name) for name in LOCKS[wanted]):
        return
    print(f"Setting up the Python environment in {FOLDER} …", flush=True)
    if not works:
        _make()
    _install(wanted)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

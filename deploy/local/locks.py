"""The lock files: `python -m deploy.local.locks write|upgrade|check`, which `make lock` and `make check` run.

One set of versions for every platform and every Python from 3.11 on, each with the checksums of its wheels: in
`requirements.txt` what the image holds, in `-local` what the embedded stack adds, in `-dev` what tests add.
`write` keeps what is locked as far as pyproject.toml allows, `upgrade` takes the newest.
"""

import subprocess
import sys
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

from deploy.local import jars

ROOT = Path(__file__).parents[2]
LOCKS = {
    "requirements.txt": (),
    "requirements-local.txt": ("local",),
    "requirements-dev.txt": ("local", "dev"),
}
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")


def _resolve(folder: Path, *options: str) -> None:
    """Write the locks of Python packages into `folder`, which holds the present ones. Ends the program if uv fails."""
    uv = str(Path(sys.prefix) / "bin" / "uv")
    for name, extras in LOCKS.items():
        asked = [f"--extra={extra}" for extra in extras]
        command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *asked, *options, f"--output-file={folder / name}"]
        if subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit(f"{name} could not be resolved.")


def stale() -> list[str]:
    """The locks that are not what is asked for now."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for lock in LOCKS:
            copy(ROOT / lock, folder)
        _resolve(folder)
        changed = [lock for lock in LOCKS if (ROOT / lock).read_text() != (folder / lock).read_text()]
    if not set(jars.ROOTS) <= set(jars.locked()):
        changed.append("deploy/kafka/jars.lock")
    return changed


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            _resolve(ROOT)
            jars.write_lock()
        case ["upgrade"]:
            _resolve(ROOT, "--upgrade")
            jars.write_lock()
        case ["check"]:
            if found := stale():
                sys.exit(f"Not what is asked for now: {', '.join(found)}. Run make lock.")
            print("The locks are current.")
        case _:
            sys.exit(__doc__)

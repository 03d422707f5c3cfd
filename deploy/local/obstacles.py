"""What keeps the stack from starting and only a person can remove: each said in one clear sentence."""

import socket
from pathlib import Path
from shutil import disk_usage

GIBIBYTE = 1024**3
MINIMUM_FREE_GIBIBYTES = 3.0


class Obstacle(Exception):  # noqa: N818  (a noun: what stands in the way)
    """Shown to the person as it is, without a stack trace."""


def check_disk(folder: Path, minimum_gibibytes: float = MINIMUM_FREE_GIBIBYTES) -> None:
    """Raise Obstacle if the disk of `folder` has too little free space."""
    free = disk_usage(folder).free / GIBIBYTE
    if free < minimum_gibibytes:
        raise Obstacle(
            f"Only {free:.1f} GB of disk are free at {folder}; at least {minimum_gibibytes:g} GB are needed. "
            "Free some, or choose another disk with DATA_DIR."
        )


def is_free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True

"""What a process is that does one piece of work for a service: bounded, alone, and gone afterwards.

Started by `apart.run`. It reads its work from standard input and writes what it made to standard output. Its memory
and computing time are bounded by the kernel, it opens nothing for writing, and where memory runs out the kernel ends
it before the service. What went wrong it names without values, for they may be personal. Imports the standard library
alone, so that a child is small and quick.
"""

import contextlib
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

MEBIBYTE = 1024 * 1024


def serve(work: Callable[[bytes], bytes], *, memory_mebibytes: int, seconds: int) -> None:
    """Do the work once, within its bounds. Ends the program: 0 where it was done, 1 where it was not."""
    bound = memory_mebibytes * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold names
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing is written but to the pipe
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    try:
        made = work(sys.stdin.buffer.read())
        sys.stdout.buffer.write(made)
        sys.stdout.buffer.flush()
    except Exception as error:  # noqa: BLE001  (told to the service, which tells the log)
        place = traceback.extract_tb(error.__traceback__)[-1]
        sys.stderr.write(f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}\n")
        sys.exit(1)
    sys.exit(0)

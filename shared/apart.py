"""Work done apart: in a short-lived process of its own, by a module that ends with `confined.serve`.

Typesetting and speech are native code that takes memory and may crash. In a process of its own neither stays with
the service: it loads none of it, loses nothing when it crashes, and keeps no memory afterwards. The child is given
its work and nothing else: no settings, no secrets, no connection.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "RAYON_NUM_THREADS": "2",  # each thread of the typesetting has its own memory
}


class NotMade(Exception):  # noqa: N818  (what the caller is told)
    """The work was not done: it took too long or too much memory, or failed."""


async def run(module: str, *arguments: str, work: bytes, seconds: float) -> bytes:
    """What `python -m module arguments` makes of `work`. Raises NotMade; the process is gone in any case."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=ROOT, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            made, said = await process.communicate(work)
    except TimeoutError:
        logger.warning("work_apart_took_too_long", module=module, seconds=seconds)
        raise NotMade from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0:
        why = said.decode(errors="replace").strip().rpartition("\n")[2][:200]
        logger.error("work_apart_failed", module=module, returncode=process.returncode, why=why)
        raise NotMade
    return made

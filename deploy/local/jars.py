"""The jars of Apache Kafka: fetched once by coordinates, believed only with the committed checksum.

`deploy/kafka/jars.lock` has a line a jar, `group:artifact:version sha256`. Jars lie in a cache of
the user (`XDG_CACHE_HOME`, else `~/.cache`), shared by all checkouts. `python -m deploy.local.jars` resolves Kafka's
dependencies anew and writes the lock: `make lock` runs it. `python -m deploy.local.jars fetch` only fetches, printing
how many of how many are there.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from time import sleep

import psutil

from deploy.local.obstacles import Obstacle

KAFKA_VERSION = "4.3.1"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LOCK = Path(__file__).parents[1] / "kafka" / "jars.lock"
PARALLEL = 6
TRIES = 4


def cache_folder() -> Path:
    """Where this user's downloads are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "service-day" / "jars"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locked() -> dict[str, str]:
    """Checksums by coordinates, in the order of the class path."""
    lines = (line for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split(" ", 1) for line in lines)


def _path(coordinates: str, checksum: str, folder: Path) -> Path:
    """Where a jar is kept: under its checksum, so that a new lock never meets an old file."""
    return folder / f"{checksum[:16]}-{coordinates.split(':')[1]}.jar"


def present() -> list[Path]:
    """All jars in the order of the class path, if every one is there and whole; else none."""
    folder = cache_folder()
    jars = {_path(name, checksum, folder): checksum for name, checksum in locked().items()}
    return list(jars) if all(jar.exists() and _digest(jar) == jars[jar] for jar in jars) else []


def _fetch(coordinates: str, checksum: str, folder: Path) -> Path:
    """The verified jar; a damaged one in the cache is fetched again. Raises Obstacle."""
    import requests  # noqa: PLC0415  (half a second that only a download needs)
    from jgo.maven import MavenContext  # noqa: PLC0415  (the same)

    jar = _path(coordinates, checksum, folder)
    if jar.exists() and _digest(jar) == checksum:
        return jar
    group, artifact, version = coordinates.split(":")
    # A folder of its own for each process and try: two checkouts may fetch at the same time.
    for attempt in range(TRIES):
        context = MavenContext(repo_cache=folder / f"fetch-{os.getpid()}-{attempt}", timeout=30)
        wanted = context.project(group, artifact).at_version(version).artifact()
        try:
            fetched = wanted.resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            if attempt + 1 == TRIES:
                raise Obstacle(
                    f"{coordinates} could not be downloaded ({type(error).__name__}). "
                    "Check the connection to the package registry and try again."
                ) from error
            sleep(2**attempt)
            continue
        if _digest(fetched) != checksum:
            fetched.unlink()
            raise Obstacle(f"{coordinates} as downloaded is not what deploy/kafka/jars.lock says; it was thrown away.")
        fetched.replace(jar)
        return jar
    raise AssertionError  # pragma: no cover  (the last try returned or raised)


def fetch_all(progress: Callable[[int, int], None] = lambda _done, _total: None) -> list[Path]:
    """All jars in the order of the class path. `progress` is told how many of how many are there."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = locked()
    jars: dict[str, Path] = {}
    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            fetches = {pool.submit(_fetch, name, checksum, folder): name for name, checksum in wanted.items()}
            for done in as_completed(fetches):
                jars[fetches[done]] = done.result()
                progress(len(jars), len(wanted))
    finally:
        for leftover in folder.glob("fetch-*"):  # of a process that was killed, too
            process = int(leftover.name.split("-")[1])
            if process == os.getpid() or not psutil.pid_exists(process):
                _remove(leftover)
    return [jars[name] for name in wanted]


def _remove(folder: Path) -> None:
    """Remove a folder of fetching, with what the resolver kept beside the jars."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def write_lock() -> None:
    """Resolve the roots with all they need and write the lock."""
    from jgo.maven import MavenContext  # noqa: PLC0415  (see above)

    context = MavenContext(repo_cache=cache_folder() / "resolve", timeout=60)
    roots = [context.create_dependency(root) for root in ROOTS]
    for root in roots:
        root.scope = "compile"
    inputs, transitive = context.resolver.resolve(roots)
    names = {}
    for dependency in (*inputs, *transitive):
        if dependency.scope in ("compile", "runtime"):
            artifact = dependency.artifact
            names[f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"] = _digest(artifact.resolve())
    head = (
        f"# Apache Kafka {KAFKA_VERSION} and what it needs to run, each jar with its SHA-256. Written by `make lock`."
    )
    LOCK.write_text("\n".join([head, *(f"{name} {checksum}" for name, checksum in names.items())]) + "\n")
    _remove(cache_folder() / "resolve")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fetch"]:
            try:
                fetch_all(lambda done, total: print(done, total, flush=True))
            except Obstacle as obstacle:
                sys.exit(str(obstacle))
        case []:
            write_lock()
        case _:
            sys.exit(__doc__)

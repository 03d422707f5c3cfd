"""Figure: what each process of the running system takes, as PSS: shared pages counted by their share.

Measured last, after the load.
"""

from collections import defaultdict

import psutil

from deploy.local.installation import SERVICES
from tests.bench.figures import Report, aim
from tests.bench.stack import System

MEBIBYTE = 1024 * 1024
SERVICE_AIM = 100.0
SUM_AIM = 1.5 * 1024


def measure(system: System, report: Report) -> None:
    """Print a figure a process, and the sum. PostgreSQL's many processes are one figure."""
    taken: dict[str, list[float]] = defaultdict(list)
    for process in (system.supervisor, *system.supervisor.children(recursive=True)):
        try:
            taken[_name(process)].append(process.memory_full_info().pss / MEBIBYTE)
        except psutil.NoSuchProcess:
            continue  # a server's helper that has ended since
    for name, parts in sorted(taken.items()):
        size = sum(parts)
        wanted = aim(f"at most {SERVICE_AIM:g} MiB", met=size <= SERVICE_AIM) if name in SERVICES else {}
        report.figure(f"memory of {name}", pss_mib=size, processes=len(parts), **wanted)
    missing = set(SERVICES) - taken.keys()
    report.check(right=not missing, otherwise=f"memory: {', '.join(sorted(missing))} did not run")
    whole = sum(sum(parts) for parts in taken.values())
    report.figure("memory of the whole system", pss_mib=whole, **aim(f"at most {SUM_AIM:g} MiB", met=whole <= SUM_AIM))


def cpu_seconds(system: System) -> dict[str, float]:
    """Processor time that each part of the system, and the bench itself, has taken so far."""
    taken: dict[str, float] = defaultdict(float)
    taken["the bench itself"] = sum(psutil.Process().cpu_times()[:2])
    for process in (system.supervisor, *system.supervisor.children(recursive=True)):
        try:
            taken[_name(process)] += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return dict(taken)


def _name(process: psutil.Process) -> str:
    command = process.cmdline()
    for part in command:
        if part.startswith("services.") or part == "deploy.local":
            return part.removeprefix("services.")
    if process.name() == "postgres":
        return "PostgreSQL"
    return "Kafka" if "kafka.Kafka" in command else process.name()

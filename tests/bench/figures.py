"""A figure is a JSON line: what was measured, what it stands beside, and whether it meets its aim."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """Prints figures on standard output, and what is going on beside them on standard error."""

    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)
    """What was not merely slow but not right."""

    @property
    def seconds(self) -> float:
        """Since the bench began."""
        return time.monotonic() - self.began

    def figure(self, name: str, **values: Any) -> None:
        """Print a figure. Numbers are cut to what is worth reading."""
        print(json.dumps({"figure": name, **_readable(values)}, ensure_ascii=False), flush=True)

    def progress(self, text: str) -> None:
        """Say what is being done."""
        print(f"[{self.seconds:5.0f} s] {text}", file=sys.stderr, flush=True)

    def check(self, *, right: bool, otherwise: str) -> bool:
        """Keep what is not right for the end of the run."""
        if not right:
            self.wrong.append(otherwise)
        return right


def aim(text: str, *, met: bool) -> dict[str, Any]:
    """An aim as a figure shows it."""
    return {"aim": text, "met": met}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` of all."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _readable(each) for name, each in value.items()}
    if isinstance(value, float):
        return round(value) if abs(value) >= 1000 else float(f"{value:.3g}")
    return value

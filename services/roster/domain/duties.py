"""Who sits where by default: a department's head at its principal window, the head's deputy at its second one.

A post may be vacant. Then nobody is put there, and the gap is reported: the day is held all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from shared.events.base import State
from shared.events.roster import Duty

DutyRole = Literal["principal", "deputy"]


class Official(State):
    """A person who can be on duty."""

    official_id: str
    name: str
    title_zh: str
    title_en: str
    department_id: str
    head: bool = False
    deputy_id: str | None = None
    """Who stands in (AB岗)."""


@dataclass(frozen=True)
class Post:
    """A window and the duty that it holds by default; none for a window where no leader sits."""

    window_id: str
    department_id: str
    duty: DutyRole | None


class Gap(BaseModel):
    """A post that nobody can fill."""

    window_id: str
    department_id: str
    role: DutyRole


def assign(
    session_id: str, posts: Sequence[Post], officials: Iterable[Official]
) -> tuple[tuple[Duty, ...], tuple[Gap, ...]]:
    """The duties of a session hosted by the heads of departments, in the order of `posts`, and the gaps."""
    heads = {each.department_id: each for each in officials if each.head}
    duties: list[Duty] = []
    gaps: list[Gap] = []
    for post in posts:
        if post.duty is None:
            continue
        head = heads.get(post.department_id)
        official_id = None if head is None else head.official_id if post.duty == "principal" else head.deputy_id
        if official_id is None:
            gaps.append(Gap(window_id=post.window_id, department_id=post.department_id, role=post.duty))
            continue
        duties.append(
            Duty(
                duty_id=f"{session_id}.{post.window_id}",
                window_id=post.window_id,
                department_id=post.department_id,
                official_id=official_id,
                role=post.duty,
            )
        )
    return tuple(duties), tuple(gaps)

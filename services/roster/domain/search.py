"""From plain words to matters: people know neither the department nor the matter's official name.

Every wording of a matter is compared with what was typed, and the best comparison counts. From strong to
weak: the same words; one contains the other; the same sounds (typing by pinyin picks wrong characters);
pinyin typed as such, whole or as initials; shared pairs of characters; English words with a slip in them.
The same characters in another order are nearly the same words. Where something fits so well, what only
sounds alike, shares a pair of characters or a beginning is left out. What holds no letter and no digit finds nothing.
A matter's everyday name counts a little more than its synonyms, these more than its official name, and a
department's name least. No dictionary and no index: a county has some hundred matters, a search takes a
few milliseconds.
"""

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

# The dictionary of phrases takes 47 MB to tell which reading a character has where; here all of them count.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")

from pypinyin import Style, pinyin

QUERY_LENGTH = 100

_LEAST = 25.0
_LEAST_OF_BEST = 0.4
_STRONG = 85.0
"""The same words, or nearly so: who finds these looks for nothing weaker."""
_LEAST_BESIDE_STRONG = 66.0
_REORDERED = 90.0
_SHORTEST_REORDERED = 4
_PLAIN, _SYNONYM, _NAME, _DEPARTMENT = 1.0, 0.98, 0.96, 0.5
_SAID_AROUND = 0.99
"""What is left of a score when words had to be taken away first."""

_NO_WORD = re.compile(r"[^0-9a-z㐀-鿿]+")
_LATIN = re.compile(r"[0-9a-z ]+")
_AROUND = re.compile(
    "我要|我想|想要|想|要|请问|怎么|如何|怎样|哪里|在哪|去哪|可以|能不能|一下|办理|办|申请|咨询|需要|什么|手续|材料|给|的|了|吗|呢|啊|呀"
)
_AROUND_ENGLISH = frozenset("a an the to of for my how do i want can apply get in at and".split())  # noqa: SIM905

_SHORTEST_PINYIN = 2
_SHORTEST_SLIP = 5
_SHORTEST_STEM = 4
_ALIKE = 0.8
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Findable:
    """A matter as search sees it."""

    matter_id: str
    plain_names: tuple[str, ...]
    synonyms: tuple[str, ...]
    names: tuple[str, ...]
    department_names: tuple[str, ...] = ()
    common: bool = False


@dataclass(frozen=True, slots=True)
class _Text:
    """A wording prepared for comparison."""

    joined: str
    words: tuple[str, ...]
    readings: tuple[frozenset[str], ...]
    """Every reading of each character."""
    sounds: frozenset[str]
    """All of them together."""
    spelled: str
    """The usual readings in a row."""
    initials: tuple[frozenset[str], ...]
    letters: frozenset[str]
    """All of them together."""
    pairs: frozenset[str]
    chinese: bool


def rank(query: str, matters: Sequence[Findable]) -> list[str]:
    """The ids of the matters that fit, best first. Without a query: all of them, the common ones first."""
    asked = prepared(query[:QUERY_LENGTH])
    if not asked.joined and query.strip():
        return []
    if not asked.joined:
        return [each.matter_id for each in sorted(matters, key=lambda each: not each.common)]
    bare = prepared(_AROUND.sub("", asked.joined)) if asked.chinese else asked
    scores = [(_score(asked, bare, each), each) for each in matters]
    best = max((score for score, _ in scores), default=0.0)
    least = max(_LEAST_BESIDE_STRONG if best >= _STRONG else _LEAST, _LEAST_OF_BEST * best)
    fitting = [(score, each) for score, each in scores if score >= least]
    fitting.sort(key=lambda each: (-round(each[0], 1), not each[1].common))
    return [each.matter_id for _, each in fitting]


def _score(asked: _Text, bare: _Text, matter: Findable) -> float:
    return max(weight * _wording(asked, bare, text) for weight, text in _wordings(matter))


@lru_cache(maxsize=4096)
def _wordings(matter: Findable) -> tuple[tuple[float, _Text], ...]:
    """Everything that a matter is called, with how much it counts."""
    weighted = (
        (_PLAIN, matter.plain_names),
        (_SYNONYM, matter.synonyms),
        (_NAME, matter.names),
        (_DEPARTMENT, matter.department_names),
    )
    return tuple((weight, prepared(text)) for weight, texts in weighted for text in texts or ("",))


def _wording(asked: _Text, bare: _Text, text: _Text) -> float:
    if not text.joined:
        return 0.0
    score = similarity(asked, text)
    if bare.joined and bare is not asked:
        score = max(score, _SAID_AROUND * similarity(bare, text))
    return score


def similarity(asked: _Text, text: _Text) -> float:
    """How well a wording fits what was typed: 0 (not at all) to 100 (the same)."""
    if asked.joined == text.joined:
        return 100.0
    if not (asked.chinese or text.chinese):
        return _english(asked, text)
    if asked.joined in text.joined and (asked.chinese or len(asked.joined) > 1):
        return 80.0 + 15.0 * len(asked.joined) / len(text.joined)
    if len(text.joined) > 1 and text.joined in asked.joined:
        return 70.0 + 15.0 * len(text.joined) / len(asked.joined)
    if asked.chinese:
        return max(_reordered(asked, text), _sounds(asked, text), _pairs(asked, text))
    return _typed_pinyin(asked, text)


def _reordered(asked: _Text, text: _Text) -> float:
    """The same characters in another order: 过户房子 for 房子过户."""
    long_enough = len(asked.joined) >= _SHORTEST_REORDERED
    return _REORDERED if long_enough and sorted(asked.joined) == sorted(text.joined) else 0.0


def _sounds(asked: _Text, text: _Text) -> float:
    """Other characters that sound the same: 底保 for 低保."""
    longer, shorter = asked.readings, text.readings
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    if len(shorter) < _SHORTEST_PINYIN or asked.sounds.isdisjoint(text.sounds):
        return 0.0
    for start in range(len(longer) - len(shorter) + 1):
        if all(not longer[start + at].isdisjoint(each) for at, each in enumerate(shorter)):
            return 50.0 + 15.0 * len(shorter) / len(longer)
    return 0.0


def _pairs(asked: _Text, text: _Text) -> float:
    """Shared pairs of neighbouring characters: 房子过户 and 二手房过户 share 过户."""
    shared = len(asked.pairs & text.pairs)
    if not shared:
        return 0.0
    covered = shared / len(asked.pairs)
    alike = 2 * shared / (len(asked.pairs) + len(text.pairs))
    return 20.0 + 25.0 * covered + 15.0 * alike


def _typed_pinyin(asked: _Text, text: _Text) -> float:
    if len(asked.joined) < _SHORTEST_PINYIN or asked.joined[0] not in text.letters:
        return 0.0
    whole = _characters_spelled(asked.joined, text.readings)
    if whole:
        return 60.0 + 30.0 * whole / len(text.readings)
    if _has_initials(asked.joined, text.initials):
        return 50.0 + 25.0 * len(asked.joined) / len(text.initials)
    return 40.0 * _slip(asked.joined, text.spelled)


def _characters_spelled(typed: str, readings: tuple[frozenset[str], ...]) -> int:
    """How many characters in a row `typed` spells, the last perhaps not to its end; 0 if it spells none."""
    for start in range(len(readings)):
        reached = {0}
        for count, spellings in enumerate(readings[start:], start=1):
            onwards: set[int] = set()
            for at in reached:
                rest = typed[at:]
                if any(spelling.startswith(rest) for spelling in spellings):
                    return count
                onwards.update(at + len(spelling) for spelling in spellings if rest.startswith(spelling))
            reached = onwards
            if not reached:
                break
    return 0


def _has_initials(typed: str, initials: tuple[frozenset[str], ...]) -> bool:
    return any(
        all(letter in initials[start + at] for at, letter in enumerate(typed))
        for start in range(len(initials) - len(typed) + 1)
    )


def _english(asked: _Text, text: _Text) -> float:
    """Shared words, whatever their order; words that stand in every sentence count nothing."""
    wanted = [word for word in asked.words if word not in _AROUND_ENGLISH]
    offered = [word for word in text.words if word not in _AROUND_ENGLISH]
    if not wanted or not offered:
        return 0.0
    found = sum(max(_word(word, other) for other in offered) for word in wanted)
    covered = found / len(wanted)
    return 0.0 if covered < _HALF else 55.0 * covered + 40.0 * found / max(len(offered), len(wanted))


@lru_cache(maxsize=65536)
def _word(asked: str, other: str) -> float:
    if asked == other:
        return 1.0
    shorter, longer = sorted((asked, other), key=len)
    if len(shorter) > 2 and longer.startswith(shorter):  # noqa: PLR2004  (of, to and the like begin too much)
        return 0.9
    return max(_slip(asked, other), _stem(shorter, longer))


def _stem(shorter: str, longer: str) -> float:
    """Words of one stem: driver and driving."""
    stem = longer[: max(_SHORTEST_STEM, len(longer) * 3 // 5)]
    return 0.7 if shorter.startswith(stem) else 0.0


def _slip(asked: str, other: str) -> float:
    """How alike two spellings are, if at all: a wrong, missing or doubled letter, but not the first."""
    if min(len(asked), len(other)) < _SHORTEST_SLIP or asked[0] != other[0]:
        return 0.0
    if abs(len(asked) - len(other)) > max(len(asked), len(other)) // 4:
        return 0.0
    ratio = SequenceMatcher(None, asked, other, autojunk=False).ratio()
    return ratio if ratio >= _ALIKE else 0.0


@lru_cache(maxsize=32768)
def prepared(text: str) -> _Text:
    """A wording in the form in which wordings are compared: width, case and punctuation do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    spaced = _NO_WORD.sub(" ", plain).strip()
    joined = spaced.replace(" ", "")
    chinese = bool(joined) and not _LATIN.fullmatch(joined)
    read = pinyin(joined, style=Style.NORMAL, heteronym=True) if chinese else []
    readings = tuple(frozenset(each) for each in read)
    initials = tuple(frozenset(reading[0] for reading in each if reading) for each in readings)
    pairs = frozenset(joined[at : at + 2] for at in range(len(joined) - 1)) if chinese else frozenset()
    return _Text(
        joined=joined,
        words=tuple(spaced.split()),
        readings=readings,
        sounds=frozenset().union(*readings),
        spelled="".join(each[0] for each in read),
        initials=initials,
        letters=frozenset().union(*initials),
        pairs=pairs,
        chinese=chinese,
    )

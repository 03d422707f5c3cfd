"""Reads YAML into plain values and remembers on which line each stands.

Only plain data is taken: no tags of other types, no anchors and aliases (a few lines of them expand into
gigabytes), at most `DEPTH` levels, no key twice. Whatever is wrong becomes a `Finding` with file and
line; nothing is raised. Dates stay text, so that the models alone decide what a date is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

DEPTH = 20

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,15})")
_TRUE = frozenset({"true", "yes", "on"})

Path = tuple[str | int, ...]


class Finding(BaseModel):
    """Something wrong in a file. `line` counts from 1; `field` is a path such as `matters[3].promised_days`."""

    file: str
    line: int
    field: str
    code: str
    detail: str

    def __str__(self) -> str:
        """As editors and people read it."""
        return f"{self.file}:{self.line}: {self.field + ': ' if self.field else ''}{self.detail}"


@dataclass
class Document:
    """A file's value, the line of each of its parts, and what was wrong with it as YAML."""

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: Sequence[str | int]) -> int:
        """Where `path` stands; where it is missing, what should hold it."""
        for length in range(len(path), -1, -1):
            found = self.lines.get(tuple(path[:length]))
            if found is not None:
                return found
        return 1

    def finding(self, path: Sequence[str | int], code: str, detail: str) -> Finding:
        """A finding at `path`."""
        return Finding(file=self.file, line=self.line(path), field=spelled(path), code=code, detail=detail)


def spelled(path: Sequence[str | int]) -> str:
    """A path as people write it: `matters[3].name.zh`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(file: str, text: str) -> Document:
    """Read one YAML document. A file that cannot be read at all has the value None."""
    document = Document(file)
    try:
        if _plain(document, text):
            node = yaml.compose(text, Loader=yaml.CSafeLoader)
            document.value = None if node is None else _value(document, node, ())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = min(_line(mark), text.count("\n") + 1)  # an end that comes too early is marked after the last line
        detail = getattr(error, "problem", None) or getattr(error, "reason", None) or "is not YAML"
        document.findings.append(Finding(file=file, line=line, field="", code="yaml_syntax", detail=str(detail)))
    return document


def _line(mark: Any) -> int:
    """The line of one of YAML's marks, counted from 1; the first where it has none."""
    return mark.line + 1 if mark is not None else 1


def _plain(document: Document, text: str) -> bool:
    """Whether the document is shallow and without aliases, judged from its events before it is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        wrong = (
            ("yaml_depth", f"is nested deeper than {DEPTH} levels")
            if depth > DEPTH
            else ("yaml_alias", "anchors and aliases are not taken")
            if isinstance(event, yaml.NodeEvent) and event.anchor is not None
            else None
        )
        if wrong is not None:
            line = _line(event.start_mark)
            document.findings.append(Finding(file=document.file, line=line, field="", code=wrong[0], detail=wrong[1]))
            return False
    return True


def _value(document: Document, node: yaml.Node, path: Path) -> Any:
    document.lines.setdefault(path, _line(node.start_mark))
    if isinstance(node, yaml.SequenceNode):
        return [_value(document, each, (*path, index)) for index, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, path)
    return _scalar(document, node, path)


def _mapping(document: Document, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            document.findings.append(document.finding(path, "yaml_key", "a key must be a word"))
            continue
        key = str(key_node.value)
        if key in values:
            found = Finding(
                file=document.file, line=line, field=spelled((*path, key)), code="yaml_key_twice", detail="stands twice"
            )
            document.findings.append(found)
            continue
        document.lines[*path, key] = line
        values[key] = _value(document, value_node, (*path, key))
    return values


def _scalar(document: Document, node: yaml.Node, path: Path) -> Any:
    kind, text = node.tag.removeprefix(_TAG), str(node.value)
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int" if _INTEGER.fullmatch(text):
            return int(text)
        case "int" | "float" | "str" | "timestamp" | "merge" | "value":
            return text
        case _:
            document.findings.append(document.finding(path, "yaml_tag", f"values of type {node.tag} are not taken"))
            return None


def misfits(document: Document, path: Path, error: ValidationError) -> list[Finding]:
    """A model's findings about the part at `path`, each at its own line."""
    found = []
    for each in error.errors(include_url=False, include_context=False):
        at = (*path, *_without_tags(document, path, each["loc"]))
        own = each["type"] == "value_error"
        detail = each["msg"].removeprefix("Value error, ") if own else each["msg"][:1].lower() + each["msg"][1:]
        found.append(document.finding(at, str(each["type"]), detail))
    return found


def _without_tags(document: Document, path: Path, location: tuple[str | int, ...]) -> Path:
    """Pydantic names union members in a location; only what the file has, or misses, is of use to its author."""
    kept: Path = ()
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if last or (*path, *kept, part) in document.lines:
            kept = (*kept, part)
    return kept


def entries(document: Document, key: str) -> list[tuple[Path, Mapping[str, Any]]]:
    """The mappings under a top-level list, with their paths. What is no list of mappings becomes a finding."""
    listed = document.value.get(key) if isinstance(document.value, dict) else None
    if listed is None:
        return []
    if not isinstance(listed, list):
        document.findings.append(document.finding((key,), "list_type", "must be a list"))
        return []
    found: list[tuple[Path, Mapping[str, Any]]] = []
    for index, each in enumerate(listed):
        if isinstance(each, dict):
            found.append(((key, index), each))
        else:
            document.findings.append(document.finding((key, index), "dict_type", "must be a mapping"))
    return found

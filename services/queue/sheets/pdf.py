"""The sheet on A4, by typst: `sheet.typ` is the form, and the sheet's texts are its data.

The font lies in a wheel and is given by its folder; no font of the machine is looked at, nothing is fetched, nothing
is written.
"""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import typst

FORM = Path(__file__).with_name("sheet.typ")


def make(sheet: dict[str, Any]) -> bytes:
    """The PDF."""
    shown = {
        **sheet,
        "made": [sheet["made"][0], _moment(sheet["made"][1])],
        "signatures": [[said, _moment(at)] for said, at in sheet["signatures"]],
        "windows": _written(sheet["windows"]),
        "findings": _written(sheet["findings"]),
        "visits": _written(sheet["visits"]),
    }
    with as_file(files("manimgx_fonts_cjk")) as folder:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        made = typst.compile(
            FORM.read_bytes(),
            font_paths=fonts,
            sys_inputs={"sheet": json.dumps(shown, ensure_ascii=False)},
            timestamp=sheet["instant"],
            pdf_tags=False,  # they take five times the memory
        )
    if not isinstance(made, bytes):
        raise TypeError(type(made).__name__)
    return made


def _written(table: dict[str, Any]) -> dict[str, Any]:
    """A table whose every value is text."""
    kinds = [each["kind"] for each in table["columns"]]
    rows = [[_text(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table["rows"]]
    return {**table, "rows": rows}


def _text(value: str | int | None, kind: str) -> str:
    if value is None:
        return ""
    if kind == "clock":
        return str(value)[11:16]
    return _moment(str(value)) if kind == "moment" else str(value)


def _moment(value: str) -> str:
    return value[:16].replace("T", " ")

"""The sheet as a spreadsheet: its leaves, with real times. A text is written as a text, whatever it begins with."""

from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter

OPTIONS = {
    "in_memory": True,  # the file system is read-only
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
FORMATS = {"clock": "hh:mm", "moment": "yyyy-mm-dd hh:mm"}


def make(sheet: dict[str, Any]) -> bytes:
    """The workbook."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        book.set_properties({"title": sheet["title"], "created": datetime.fromisoformat(sheet["made"][1])})
        formats = {kind: book.add_format({"num_format": number}) for kind, number in FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        _whole_day(book, sheet, head, formats["moment"])
        for name in ("windows", "visits", *(["findings"] if sheet["findings"]["rows"] else [])):
            _table(book, sheet[name], head, formats)
    return file.getvalue()


def _whole_day(book: Any, sheet: dict[str, Any], head: Any, moment: Any) -> None:
    leaf = book.add_worksheet(sheet["totals"]["title"])
    leaf.set_column(0, 0, 60)
    leaf.set_column(1, 1, 18)
    leaf.write_string(0, 0, f"{sheet['title']} {sheet['date']}", head)
    leaf.write_string(1, 0, sheet["venue"])
    said = [*([[sheet["draft"], None]] if sheet["draft"] else []), *sheet["signatures"], sheet["made"]]
    for row, (text, at) in enumerate(said, start=2):
        leaf.write_string(row, 0, text)
        if at is not None:
            leaf.write_datetime(row, 1, datetime.fromisoformat(at), moment)
    for row, (name, count) in enumerate(sheet["totals"]["items"], start=3 + len(said)):
        leaf.write_string(row, 0, name)
        leaf.write_number(row, 1, count)


def _table(book: Any, table: dict[str, Any], head: Any, formats: dict[str, Any]) -> None:
    leaf = book.add_worksheet(table["title"])
    leaf.freeze_panes(1, 1)
    leaf.repeat_rows(0)
    leaf.set_landscape()
    leaf.set_paper(9)
    leaf.fit_to_pages(1, 0)
    for column, each in enumerate(table["columns"]):
        leaf.set_column(column, column, each["width"] + 2)
        leaf.write_string(0, column, each["head"], head)
    for row, values in enumerate(table["rows"], start=1):
        for column, (value, described) in enumerate(zip(values, table["columns"], strict=True)):
            _cell(leaf, row, column, value, described["kind"], formats)


def _cell(leaf: Any, row: int, column: int, value: Any, kind: str, formats: dict[str, Any]) -> None:  # noqa: PLR0913, PLR0917
    if value is None:
        return
    if kind == "text":
        leaf.write_string(row, column, value)
    elif kind == "count":
        leaf.write_number(row, column, value)
    else:
        leaf.write_datetime(row, column, datetime.fromisoformat(value), formats[kind])

"""Tables that are taken away, as CSV or as a workbook. A cell is a text, whatever it begins with.

What begins like a formula would be run by whoever opens the file, with whatever somebody managed to put into a row
(CWE-1236): in CSV it gets an apostrophe before it, in the workbook it is written as a text.
"""

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO

import xlsxwriter

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets in Chinese and Japanese take the full-width ones, too."""
BOM = "\ufeff"
"""Without it the usual spreadsheet reads Chinese in CSV as something else."""
OPTIONS = {
    "in_memory": True,  # the file system is read-only
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
WIDTH = 22


def as_text(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value


def make_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV (RFC 4180), in UTF-8."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([as_text(each) for each in head])
    writer.writerows([as_text(each) for each in row] for row in rows)
    return (BOM + written.getvalue()).encode()


def make_xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as a workbook of one leaf."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        leaf = book.add_worksheet(title)
        bold = book.add_format({"bold": True, "bottom": 1})
        leaf.freeze_panes(1, 0)
        leaf.set_column(0, len(head) - 1, WIDTH)
        for column, each in enumerate(head):
            leaf.write_string(0, column, each, bold)
        for number, row in enumerate(rows, start=1):
            for column, each in enumerate(row):
                leaf.write_string(number, column, each)
    return file.getvalue()

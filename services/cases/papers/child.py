"""`python -m services.cases.papers.child`: a laid-out paper comes in as JSON, the PDF goes out.

The font lies in a wheel and is given by its folder; no font of the machine is looked at, nothing is fetched or written.
"""

from importlib.resources import as_file, files
from pathlib import Path

from shared.confined import serve

FORM = Path(__file__).with_name("meeting.typ")
MEMORY_MEBIBYTES = 1024
"""Of addresses, of which the font and typst's code take the first 300."""
SECONDS = 30
"""Of computing, on all processors together."""


def make(paper: bytes) -> bytes:
    """The PDF."""
    import typst  # noqa: PLC0415  (native code that only this process may load)

    with as_file(files("manimgx_fonts_cjk")) as folder:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        made = typst.compile(FORM.read_bytes(), font_paths=fonts, sys_inputs={"paper": paper.decode()}, pdf_tags=False)
    if not isinstance(made, bytes):
        raise TypeError(type(made).__name__)
    return made


if __name__ == "__main__":
    serve(make, memory_mebibytes=MEMORY_MEBIBYTES, seconds=SECONDS)

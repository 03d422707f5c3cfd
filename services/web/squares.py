"""A text as a square code, drawn without any style in it."""

import segno


def square(text: str) -> str:
    """SVG that the stylesheet sizes."""
    drawing: str = segno.make_qr(text, error="m").svg_inline(
        border=0, omitsize=True, svgclass="qr", lineclass=None, dark="#000", unit=None
    )
    return drawing

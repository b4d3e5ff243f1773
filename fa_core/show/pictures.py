"""Figures as part of a page: SVG in the colours of its theme, laid out for a wide and a narrow one.

Two drawings of a figure lie on the page, and a style sheet shows the one that fits: panels side by
side, or one below another. Text is never smaller than 12 px in either.
"""

from __future__ import annotations

import base64
import html
import io
import re
import textwrap
import uuid
from typing import Any

import matplotlib
import matplotlib.figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from fa_core.show import line_names

INK, GREY, FAINT = "#000000", "#666666", "#a0a0a0"
_WIDE, _NARROW = 7.0, 3.56  # inches of 96 px: a figure's place on the page, and on a phone
_LETTER = 0.075  # inches, of a wide letter
# Colours of the page's theme. Greys are mixed from its text, and dark blues are lit up on dark.
_THEMED = {
    INK: "currentColor",
    GREY: "color-mix(in srgb, currentColor 70%, transparent)",
    FAINT: "color-mix(in srgb, currentColor 45%, transparent)",
    "#0072b2": "var(--fa-blue)",
}
_DARK = """:is(html[data-theme="dark"], html[theme="dark"], body[data-jp-theme-light="false"],
body.vscode-dark) .fa-figure"""  # of this book, Colab, Jupyter and VS Code
_STYLE = f"""
.fa-figure {{ --fa-blue: #0072b2; container-type: inline-size; }}
{_DARK} {{ --fa-blue: #56b4e9; }}
{_DARK} image {{ filter: invert(1); }}
.fa-figure > svg {{ display: block; width: 100%; height: auto; margin: 0 auto; overflow: visible; }}
.fa-figure > svg + svg {{ display: none; }}
@container (max-width: 36rem) {{
  .fa-figure > svg:not(:last-child) {{ display: none; }}
  .fa-figure > svg + svg {{ display: block; }}
}}
"""


class Figure(matplotlib.figure.Figure):
    """A figure that shows itself as the last line of a cell; pyplot keeps no hold of it.

    Args:
        row_height: of a row of panels, in inches.
        columns: panels side by side where the page is wide.
    """

    def __init__(self, row_height: float, columns: int) -> None:
        super().__init__(figsize=(_WIDE, row_height), layout="constrained")
        self._row_height, self._columns = row_height, columns

    def lay_out(self, narrow: bool = False) -> None:
        """Places panels, names of lines and titles for a wide page, or for a narrow one."""
        columns, width = (1, _NARROW) if narrow else (self._columns, _WIDE)
        grid = GridSpec(-(-len(self.axes) // columns), columns, figure=self)
        self.set_size_inches(width, self._row_height * grid.nrows)
        titles = []
        for number, ax in enumerate(self.axes):
            ax.set_subplotspec(grid[divmod(number, columns)])
            letters = int(width / columns / _LETTER)
            text = _wrapped(ax.get_title(loc="left"), letters)
            titles.append(ax.set_title(text, loc="left", fontsize=9.5, fontweight="bold"))
            titles[-1].set_x(0)  # it may stand further left from the time before
            text = _wrapped(ax.get_xlabel(), int(0.7 * letters))  # no wider than most axes
            ax.set_xlabel(text, x=0.5, horizontalalignment="center")
            for axis in (ax.xaxis, ax.yaxis):
                if isinstance(axis.get_major_formatter(), LogFormatter):  # it writes TeX
                    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        self.set_layout_engine("constrained")
        line_names.place(self, columns)
        for ax, title in zip(self.axes, titles, strict=True):
            if (room := ax.get_tightbbox()) is not None:  # the names of its rows may be wide
                title.set_x((room.x0 - ax.bbox.x0) / ax.bbox.width)
            label = ax.xaxis.label
            if label.get_window_extent().width > ax.bbox.width:  # it ends where the axis does
                label.set(x=1, horizontalalignment="right")
        self.set_layout_engine("none")  # it stays where it is while it is drawn

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/plain": "Figure",
            "text/html": to_html(self, ""),  # the book's build adds the text
            "image/png": base64.b64encode(png(self)).decode(),
        }


def _wrapped(text: str, letters: int) -> str:
    return textwrap.fill(text.replace("\n", " "), letters)


def png(figure: matplotlib.figure.Figure) -> bytes:
    """A figure on white as a file, sharp at the width of the page."""
    if isinstance(figure, Figure):
        figure.lay_out()
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=160)
        return file.getvalue()


def to_html(figure: matplotlib.figure.Figure, alt: str) -> str:
    """A figure as an HTML fragment in the colours of the page, with its text alternative."""
    drawings = []
    for narrow in (False, True) if isinstance(figure, Figure) else (False,):
        if isinstance(figure, Figure):
            figure.lay_out(narrow)
        drawings.append(_svg(figure, alt))
    body = "\n".join(drawings)
    return f'<style>{_STYLE}</style>\n<div class="fa-figure">\n{body}\n</div>'


def _svg(figure: matplotlib.figure.Figure, alt: str) -> str:
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with io.StringIO() as file, matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
        text = file.getvalue()
    text = text[text.index("<g ") : text.rindex("</svg>")]
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"<style.*?</style>", "", text)  # it would reach the whole page
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r"#[0-9a-f]{6}\b", lambda found: _THEMED.get(found[0], found[0]), text)
    # In the letters of the page.
    text = re.sub(r'\bfont: (\d+ )?([\d.]+px) [^;"]*', r"font-weight: \1; font-size: \2", text)
    text = re.sub(r'font-family: [^;"]*;? ?', "", text.replace("font-weight: ; ", ""))
    # Names of parts must be the only ones of the page; those that nothing refers to go.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    key = f"f{uuid.uuid4().hex[:8]}-"
    text = re.sub(
        r' id="([^"]+)"', lambda found: f' id="{key}{found[1]}"' if found[1] in used else "", text
    )
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{key}", text)
    width, height = 72 * figure.get_size_inches()
    return (
        f'<svg role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'style="max-width: {width:.1f}pt" fill="currentColor" stroke-linejoin="round" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"\n{text}</svg>"
    )

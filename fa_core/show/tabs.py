"""Tabs: several versions of the same thing in one place on the page, for Jupyter and the book.

They need no script: each tab is a radio button, and style sheets show the panel of the chosen one.
The book adds one switch for all tabs of a page (book/_assets/scale.js).
"""

from __future__ import annotations

import base64
import html
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd
from matplotlib.figure import Figure

from fa_core.results.findings import MIME_TYPE, Findings, three_digits
from fa_core.show import style


@dataclass(frozen=True)
class Folded:
    """A text that one quiet line, its title, opens."""

    title: str
    text: str


Item: TypeAlias = Findings | pd.DataFrame | str | Folded | tuple[Figure, str]

# Colours are mixed from the page's own, so the tabs fit a light and a dark page.
_STYLE = """
.fa-tabs { display: flex; flex-wrap: wrap; gap: 0 0.4rem; position: relative;
  min-width: 0; margin: 0 0 1rem; padding: 0; border: 0; text-align: left; }
.fa-tabs > legend, .fa-tabs > input { position: absolute; width: 1px; height: 1px; margin: 0;
  padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.fa-tabs > label { order: 0; margin: 0; padding: 0.45rem 0.9rem; cursor: pointer;
  border-bottom: 3px solid transparent; border-radius: 0.3rem 0.3rem 0 0; }
.fa-tabs > label:hover { border-color: color-mix(in srgb, currentColor 40%, transparent); }
.fa-tabs > input:checked + label { font-weight: 600; border-color: currentColor;
  background: color-mix(in srgb, currentColor 10%, transparent); }
.fa-tabs > input:focus-visible + label { outline: 3px solid currentColor; outline-offset: 2px; }
.fa-tabs > div { order: 1; display: none; flex: 1 0 100%; min-width: 0; padding-top: 0.6rem;
  border-top: 1px solid color-mix(in srgb, currentColor 40%, transparent); }
.fa-tabs > input:checked + label + div { display: block; }
.fa-tabs > div > div { overflow-x: auto; }
.fa-tabs p { margin: 0 0 0.6rem; font-size: 0.9em; overflow-wrap: anywhere; }
.fa-tabs > div > details { margin: 0 0 0.6rem; font-size: 0.85em; opacity: 0.8; }
.fa-tabs summary { cursor: pointer; }
.fa-tabs img { max-width: 100%; height: auto; }
@media print {
  .fa-tabs, .fa-tabs > div { display: block; }
}
"""
# An estimate with its interval, in the cell of a table; and how a page tells the two apart.
_INTERVAL = re.compile(r"([^\s<>]+) (\([^()<>]+ to [^()<>]+\))(?=[^<>]*</td>)")
_ESTIMATE = r'<strong>\1</strong> <span class="interval">\2</span>'


class Tabs:
    """Shows one of several versions at a time; printed, it shows all.

    Args:
        tabs: title of each tab to what it holds, one below another: a figure with its text
            alternative (a pair), findings, a table, text, or text that is folded away. The first
            tab is open.
        legend: what the reader chooses between, for those who do not see the tabs.
        for_programs: the tab whose findings programs read from the page; the first if empty.

    Raises:
        TypeError, ValueError: no tab, an item of another kind, or a figure without its text.
        KeyError: no tab has the title ``for_programs``.

    Examples:
        >>> Tabs({"one": ["first text"], "two": ["second text"]})
        [one]
        first text
        [two]
        second text
    """

    def __init__(
        self, tabs: Mapping[str, Sequence[Item]], legend: str = "Show", for_programs: str = ""
    ) -> None:
        if not isinstance(tabs, Mapping):
            raise TypeError(f"tabs must be a mapping of titles to lists of items, got {tabs!r}")
        if not tabs:
            raise ValueError("tabs must hold at least one tab, got none")
        for title, items in tabs.items():
            if (
                not isinstance(title, str)
                or isinstance(items, str)
                or not isinstance(items, Sequence)
            ):
                raise TypeError(
                    f"tabs must map a title to a list of items, got {title!r}: {items!r}"
                )
            for item in items:
                _check(item)
        self._tabs = {title: list(items) for title, items in tabs.items()}
        self._legend = legend
        self._for_programs = self._tabs[for_programs or next(iter(tabs))]

    def __repr__(self) -> str:
        lines = []
        for title, items in self._tabs.items():
            lines += [f"[{title}]", *map(_text, items)]
        return "\n".join(lines)

    def to_html(self) -> str:
        """The tabs with their style as an HTML fragment; each call names its buttons anew."""
        name = f"tabs-{uuid.uuid4().hex[:12]}"
        parts = [f"<legend>{html.escape(self._legend)}</legend>"]
        for number, (title, items) in enumerate(self._tabs.items()):
            key, told, chosen = f"{name}-{number}", html.escape(title), "" if number else " checked"
            parts += [
                f'<input type="radio" name="{name}" id="{key}" value="{told}"{chosen}>'
                f'<label for="{key}">{told}</label>',
                "<div>",
                *map(_html, items),
                "</div>",
            ]
        body = "\n".join(parts)
        return f'<style>{_STYLE}</style>\n<fieldset class="fa-tabs">\n{body}\n</fieldset>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        tables = (item for item in self._for_programs if isinstance(item, Findings))
        rows = [finding.as_row() for table in tables for finding in table]
        bundle = {"text/plain": repr(self), "text/html": self.to_html()}
        shown = [item[0] for item in next(iter(self._tabs.values())) if isinstance(item, tuple)]
        if shown:  # what shows no HTML shows the first figure
            bundle["image/png"] = base64.b64encode(style.png(shown[0])).decode()
        return bundle | ({MIME_TYPE: rows} if rows else {})


def _decimals(column: pd.Series[float]) -> Callable[[float], str]:
    """A format for a column: as many decimals in every row as three digits of one of them need."""
    told = [three_digits(value).partition(".")[2] for value in column.dropna()]
    decimals = max(map(len, told), default=0)

    def told_alike(value: float) -> str:
        large = abs(value) >= 999.5
        return three_digits(value) if large else f"{value:.{decimals}f}".replace("-", "−")

    return told_alike


def _check(item: object) -> None:
    if isinstance(item, tuple) and len(item) == 2:
        figure, alt = item
        known = isinstance(figure, Figure) and isinstance(alt, str)
    else:
        known = isinstance(item, Findings | pd.DataFrame | str | Folded)
    if not known:
        raise TypeError(f"tabs hold text, tables, findings, or a figure with its text: {item!r}")
    if isinstance(item, tuple) and not item[1].strip():
        raise ValueError("a figure needs a text alternative that says what it shows, got none")


def _text(item: Item) -> str:
    if isinstance(item, Folded):
        return item.text
    return f"Figure: {item[1]}" if isinstance(item, tuple) else str(item)


def _html(item: Item) -> str:
    if isinstance(item, str):
        return f"<p>{html.escape(item)}</p>"
    if isinstance(item, Folded):
        title, text = html.escape(item.title), html.escape(item.text)
        return f"<details><summary>{title}</summary>\n<p>{text}</p>\n</details>"
    if isinstance(item, Findings):
        return f"<div>{item.to_html()}</div>"
    if isinstance(item, pd.DataFrame):
        formats = {name: _decimals(item[name]) for name in item.select_dtypes("float")}
        table = _INTERVAL.sub(_ESTIMATE, item.to_html(border=0, formatters=formats))
        return f'<div tabindex="0">{table}</div>'
    figure, alt = item
    return style.to_html(figure, alt)

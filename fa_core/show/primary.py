"""The one number that a chapter stands for, to open it with."""

from __future__ import annotations

import html

from fa_core import experiments
from fa_core.results.findings import Finding
from fa_core.results.multiplicity import paper_scale

# The colours are the page's own, so the line fits a light and a dark page.
_STYLE = """
.key-number { margin: 0 0 1rem; line-height: 1.35; text-align: left; }
.key-number > * { margin: 0; }
.key-number > p:first-child { font-size: 1.5em; }
.key-number b { font-size: 1.4em; }
.key-number span { display: inline-block; opacity: 0.72; font-size: 0.7em; }
"""


class KeyNumber:
    """A finding as one big line for the head of a chapter, and as one line of text."""

    def __init__(self, finding: Finding) -> None:
        self._finding = finding

    def __repr__(self) -> str:
        return str(self._finding)

    def _repr_html_(self) -> str:
        found = self._finding
        *_, interval, n, verdict = found.cells()
        return (
            f"<style>{_STYLE}</style>\n"
            f'<div class="key-number">\n<p><b>{found.number}</b> {html.escape(found.unit)} '
            f"<span>95 % interval {interval}, n = {n} networks</span></p>\n"
            f"<p>{verdict}: {html.escape(found.claim)}</p>\n</div>"
        )


def key_number(name: str) -> KeyNumber | str:
    """The primary finding of an experiment's stored table at paper scale, as one big line.

    Args:
        name: of the experiment, such as ``"alignment"``.

    Returns:
        The line; while no table is stored for the experiment's version, a text that says so.

    Raises:
        KeyError: no experiment has that name; names those there are.
        ValueError: none of its findings is primary.
    """
    experiments.get(name)
    if name not in paper_scale():
        return f"No table at paper scale is stored for this version of {name}."
    for finding in paper_scale()[name]:
        if finding.primary:
            return KeyNumber(finding)
    raise ValueError(f"name must be of an experiment with a primary finding, got {name!r}")

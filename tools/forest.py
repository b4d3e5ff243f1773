"""The primary findings of all chapters, at both scales, in one picture: a forest plot."""

import math
from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

import paper_claims
import publishing
from fa_core.results.findings import Finding
from fa_core.show import style

MISSING = "not measured yet"
CAPTION = (
    "The primary finding of each chapter: mean and 95 % interval, in networks of the paper's size "
    "and in the small ones of this run. Each panel has its own unit; the claim expects the mean "
    "in the shaded part."
)
Pair = tuple[Finding | None, Finding | None]  # in this run, and at paper scale


def primary(findings: Iterable[Finding]) -> Finding | None:
    """The primary one, if there is one."""
    return next((found for found in findings if found.primary), None)


def draw(panels: Mapping[str, Pair]) -> str:
    """Estimates with intervals as a figure in HTML, each panel in its own unit.

    Shaded is where a claim expects the mean; its numbers are also the figure's text alternative.
    """
    with style.figure(len(panels), height=1.15, columns=2) as (figure, axes):
        for ax, (title, pair) in zip(axes, panels.items(), strict=True):
            found = [finding for finding in pair if finding]
            ax.set_title(f"{title}, {found[0].unit}" if found else title)
            ax.set_yticks([0, 1], ["this run", "paper's size"])
            ax.set_ylim(-0.6, 1.6)
            ax.grid(visible=False, axis="y")
            ax.xaxis.set_major_locator(MaxNLocator(5))
            for row, one in enumerate(pair):
                if one:
                    estimate(ax, one, row)
                else:
                    ax.text(0.5, row, MISSING, transform=ax.get_yaxis_transform(), ha="center")
            if found:
                shade(ax, found[-1])
            else:
                ax.set_xticks([])
    return style.to_html(
        figure, " ".join(f"{title}: {in_words(pair)}." for title, pair in panels.items())
    )


def estimate(ax: Axes, found: Finding, row: int) -> None:
    """An estimate and its interval on a row."""
    ends = [[found.estimate - found.low], [found.high - found.estimate]]
    ax.errorbar([found.estimate], [row], xerr=ends, fmt="o", color=style.INK, capsize=4)


def shade(ax: Axes, found: Finding) -> None:
    """The region that a claim expects, up to the ends of the axis."""
    above, below = found.expected
    bounds = [bound for bound in (above, below) if math.isfinite(bound)]
    ax.plot(bounds, [0.5] * len(bounds), alpha=0)  # so that the axis holds them
    ax.margins(x=0.08)
    low, high = ax.get_xlim()
    for bound in bounds:
        ax.axvline(bound, color=style.INK, linewidth=1)
    ax.axvspan(max(low, above), min(high, below), color=style.INK, alpha=0.07, linewidth=0)
    ax.set_xlim(low, high)


def in_words(pair: Pair) -> str:
    """Both numbers of a panel."""
    told = []
    for where, found in zip(("this run", "paper's size"), pair, strict=True):
        number = MISSING
        if found:
            *_, estimate, interval, _, _ = found.cells()
            number = f"{estimate} ({interval})"
        told.append(f"{where} {number}")
    return "; ".join(told)


def figure(
    titles: Mapping[str, str], build: Mapping[str, list[Finding]], scale: paper_claims.Scale
) -> str:
    """The plot with its caption; ``titles`` are by experiment, ``build`` by chapter."""
    panels = {
        title: (
            primary(build.get(paper_claims.CHAPTERS[name], [])),
            primary(scale.get(name, [])),
        )
        for name, title in titles.items()
    }
    return publishing.figure("fig-forest", draw(panels), CAPTION)

"""The page "Claims and evidence": every finding at both scales, as one table a chapter."""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from matplotlib.ticker import MaxNLocator

from fa_core.cli import experiment
from fa_core.results.findings import Finding, html_table
from fa_core.results.store import published
from fa_core.show import style

HEADINGS = ("Claim", "Expected", "This build", "Paper scale")
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?(?:e-\d+)?"
# Colour of the bar and of the number in it; told apart with any colour vision.
VERDICTS = {
    "supported": ("blue", "white"),
    "undecided": ("sky", "black"),
    "contradicted": ("vermilion", "white"),
}
# Its numbers are known only when the book is built, and its text must say them.
VERDICT_FIGURE = """```{{figure}} evidence-verdicts.png
:name: fig-verdicts
:alt: {alt}
Verdicts on the findings of each chapter, at both scales.
```
"""
Pair = tuple[Finding | None, Finding | None]


def names_of(sets: set[str]) -> list[str]:
    """Patterns of the names of data sets, where they stand alone."""
    return [rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in sorted(sets)]


def varying(sets: set[str]) -> re.Pattern:
    """What may differ between two scales of one claim: numbers, and the main data set's name."""
    return re.compile("|".join([NUMBER, *names_of(sets)]))


def pairs(build: list[Finding], paper: list[Finding], sets: set[str]) -> Iterator[Pair]:
    """Findings of both scales in their order, side by side where they make the same claim."""
    names, differ = "|".join(names_of(sets)) or "(?!)", varying(sets)
    claims = [[re.sub(names, "#", found.claim) for found in side] for side in (build, paper)]
    same = set(claims[0]).intersection(claims[1])  # equal numbers pair before all others
    keys = [[c if c in same else differ.sub("#", c) for c in side] for side in claims]
    for tag, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(build[a:b], paper[c:d], strict=True)
        else:
            yield from ((found, None) for found in build[a:b])
            yield from ((None, found) for found in paper[c:d])


def merge(build: str, paper: str, differ: re.Pattern) -> str:
    """Two texts as one: what differs between them is given twice."""
    both = zip(differ.findall(build), differ.findall(paper), strict=True)
    words = (a if a == b else f"{a} / {b}" for a, b in both)
    return differ.sub(lambda _: next(words), build)


def cells(pair: Pair, differ: re.Pattern) -> list[str]:
    """One row of the table."""
    words = [found.cells() for found in pair if found]
    claim, expected = (merge(words[0][i], words[-1][i], differ) for i in range(2))
    return [claim, expected, *map(measured, pair)]


def measured(found: Finding | None) -> str:
    """Verdict, estimate, interval and number of networks."""
    if found is None:
        return "–"
    _, _, estimate, interval, n, verdict = found.cells()
    return f"{verdict}: {estimate} ({interval}), n\u00a0=\u00a0{n}"


def section(chapter: Path, rows: list[dict]) -> tuple[str, dict[str, list[Finding]]]:
    """The table of one chapter's experiment as HTML, and the findings of each scale."""
    title, _, stem = chapter.stem.partition("-")
    name = stem.replace("-", "_")
    module = experiment(name)
    configs = [module.Config.quick(), module.Config.paper()]
    sets = {config.data for config in configs if hasattr(config, "data")}
    differ = varying(sets)
    stored = published().load(name, configs[1])
    build = [Finding.from_row(row) for row in rows]
    paper = list(module.findings(configs[1], stored.table)) if stored else []
    run = json.loads(chapter.read_text(encoding="utf-8"))["metadata"]["papermill"]
    profile = run["parameters"].get("profile", "quick")
    labels = [
        f"This build: profile {profile}, computed on {run['start_time'][:10]}.",
        f"Paper scale: {stored}." if stored else "Paper scale: no table is stored yet.",
    ]
    text = "<br>\n".join(map(html.escape, labels))
    table = html_table(HEADINGS, [cells(pair, differ) for pair in pairs(build, paper, sets)])
    number = int(title)
    return f"<p>{text}</p>\n{table}\n", {
        f"{number}, this build": build,
        f"{number}, paper scale": paper,
    }


def picture(counts: Mapping[str, Counter]) -> tuple[bytes, str]:
    """How many findings have which verdict: bars as PNG, and the same numbers in words."""
    with style.figure(1, height=0.8 + 0.27 * len(counts)) as (figure, (ax,)):
        rows, left = range(len(counts)), [0] * len(counts)
        for verdict, (colour, ink) in VERDICTS.items():
            widths = [count[verdict] for count in counts.values()]
            bars = ax.barh(rows, widths, left=left, color=style.OKABE_ITO[colour], label=verdict)
            ax.bar_label(bars, [width or "" for width in widths], label_type="center", color=ink)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        ax.set_yticks(rows, [f"Chapter {name}" for name in counts])
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("findings")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    told = [
        f"Chapter {name}: {', '.join(f'{count[verdict]} {verdict}' for verdict in VERDICTS)}."
        for name, count in counts.items()
    ]
    return style.png(figure), " ".join(["Number of findings by verdict.", *told])


def write(folder: Path, found: Mapping[Path, list[dict]]) -> None:
    """Writes what the page includes: a table for each executed chapter, and the picture."""
    scales: dict[str, list[Finding]] = {}
    for chapter, rows in found.items():
        text, findings = section(chapter, rows)
        (folder / f"evidence-{chapter.stem}.html").write_text(text, encoding="utf-8")
        scales |= findings
    counts = {name: Counter(f.verdict for f in side) for name, side in scales.items() if side}
    png, alt = picture(counts)
    (folder / "evidence-verdicts.png").write_bytes(png)
    (folder / "evidence-verdicts.txt").write_text(VERDICT_FIGURE.format(alt=alt), encoding="utf-8")

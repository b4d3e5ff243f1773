"""The measurements as a table and as goals met or not."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

Row = dict[str, Any]
SMALL = [784, 100, 10]
# (networks, training) of 784-100-10, and how many times the speed of whom it should have
GOALS = {
    "cpu": [
        (16, "noise", "plain loop", 3.0),
        (16, "shared noise", "plain loop", 4.5),
        (None, "noise", "plain loop", 1.6),
        (16, "noise", "JAX", 1.5),
        (None, "noise", "JAX", 1.1),
    ],
    "cuda": [(256, "noise", "plain loop", 100.0), (None, "noise", "plain loop", 5.0)],
}
SHARE = {"cpu": 0.7, "cuda": 0.5}  # of the machine's limit, for 64 networks


def find(result: Row, name: str, training: str, sizes: list[int], networks: int | None) -> Row:
    """The row of one contestant."""
    key = (name, training, sizes, networks)
    rows = result["rows"]
    found: Row = next(
        r for r in rows if (r["name"], r["training"], r["sizes"], r["networks"]) == key
    )
    return found


def ratios(result: Row, row: Row, rival: str = "plain loop") -> list[float]:
    """How many times as fast as the rival, in each round. Both ran within that round.

    The plain loop trains one network; JAX as many as ``row``.
    """
    training = "data" if row["training"] == "data" else "noise"
    networks = None if rival == "plain loop" else row["networks"]
    other = find(result, rival, training, row["sizes"], networks)
    return [o / own for o, own in zip(other["seconds"], row["seconds"], strict=True)]


def goals(result: Row) -> list[Row]:
    """Each goal with its measured ratio in every round; the median decides.

    Goals beside a rival that did not run are left out.
    """
    found: list[Row] = []
    present = {row["name"] for row in result["rows"]}
    for networks, training, rival, goal in GOALS[result["device"]]:
        if rival in present:
            row = find(result, "fa_core", training, SMALL, networks)
            whom = f"the {rival}" if rival == "plain loop" else rival
            name = f"{training}, {_count(networks)}: times {whom}"
            found.append({"name": name, "goal": goal, "measured": ratios(result, row, rival)})
    row = find(result, "fa_core", "noise", SMALL, 64)
    limit = result["limits"]["seconds"]["-".join(map(str, SMALL))]
    shares = [limit / s for s in row["seconds"]]
    goal = SHARE[result["device"]]
    found.append({"name": "noise, 64 networks: of the limit", "goal": goal, "measured": shares})
    return [{**g, "met": median(g["measured"]) >= g["goal"]} for g in found]


def table(result: Row) -> list[list[str]]:
    """Rows of words: sizes, training, contestant, networks, time, speed, ratio, share of limit."""
    lines = []
    for row in result["rows"]:
        sizes = "-".join(map(str, row["sizes"]))
        share = result["limits"]["seconds"][sizes] / median(row["seconds"])
        lines.append(
            [
                sizes,
                row["training"],
                row["name"],
                str(row["networks"] or 1),
                spread([1e3 * s for s in row["seconds"]]),
                f"{1 / median(row['seconds']):,.0f}",
                spread(ratios(result, row)),
                f"{100 * share:.0f} %",
            ]
        )
    return lines


HEADINGS = [
    "sizes",
    "training",
    "contestant",
    "networks",
    "ms per network-step",
    "network-steps/s",
    "times the plain loop",
    "of the limit",
]


def spread(values: list[float]) -> str:
    """Median, and the lowest and highest of all rounds."""
    return f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def text(result: Row) -> Iterator[str]:
    """All lines that the command prints."""
    limits = result["limits"]
    yield f"{result['machine']}, {result['threads']} threads, {result['rounds']} rounds"
    yield (
        f"limit: products {max(limits['square'], limits['layer']) / 1e9:.0f} GFLOP/s "
        f"(square {limits['square'] / 1e9:.0f}, layer {limits['layer'] / 1e9:.0f}), "
        f"memory {limits['bandwidth'] / 1e9:.0f} GB/s"
    )
    rows = [HEADINGS, *table(result)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()
    yield "what each change gains, ms per network-step"
    for name, times in result["ablation"].items():
        yield f"  {name:32s}{spread([1e3 * s for s in times])}"
    for goal in goals(result):
        verdict = "met" if goal["met"] else "NOT MET"
        yield f"{verdict}: {goal['name']}: {spread(goal['measured'])}, goal {goal['goal']:g}"


def _count(networks: int | None) -> str:
    return f"{networks} networks" if networks else "one network"

"""Figures of chapter 2: learning curves, both orders of noise and data, the price of noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from fa_core.experiments.learning_speed.conditions import DATA_THEN_NOISE, NOISE
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.results.tables import area, curve, steps_to
from fa_core.show.style import (
    GREYS,
    RULE_STYLE,
    Figure,
    band,
    estimates,
    figure,
    note,
    points,
    reference,
    way,
)

_ORDERS: dict[str, dict[str, Any]] = {
    "noise then data": RULE_STYLE["noise then FA"],
    DATA_THEN_NOISE: GREYS[1] | {"color": GREYS[0]["color"]},
}


def _over_steps(ax: Axes, table: pd.DataFrame, metric: str, names: Sequence[str]) -> None:
    for name in names:
        band(ax, curve(table, name, metric), name, **RULE_STYLE[name])
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xlim(0, None)
    ax.set_xlabel("data steps")


def learning(table: pd.DataFrame) -> Figure:
    """Test accuracy and loss over data steps of the four ways of learning."""
    with figure(2, height=2.9) as (fig, (left, right)):
        for name, style in RULE_STYLE.items():
            band(left, curve(table, name, "accuracy"), name, **style)
        _over_steps(right, table, "loss", tuple(RULE_STYLE))
        left.yaxis.set_major_formatter(PercentFormatter(1))
        left.set(title="Test accuracy", xlabel="data steps", xlim=(0, None), ylim=(0.5, 1))
        right.set(title="Test loss", ylabel="cross-entropy (nats)", yscale="log")
    return fig


def areas(table: pd.DataFrame) -> Figure:
    """Area under the test accuracy of each of the four ways of learning, over the data steps."""
    found = {name: 100 * area(table, name) for name in RULE_STYLE}
    return estimates(
        found,
        title="Area under the curve of test accuracy",
        xlabel="mean over data steps, %",
        level=(float(found["BP"].mean()), "mean of BP"),
    )


def credit(table: pd.DataFrame) -> Figure:
    """Two alignment angles and the update angle over data steps, with and without noise before."""
    panels = {
        "neuron_angle": "Neurons: W₂ to B₂",
        "centred_neuron_angle": "The same, class-centred",
        "update_angle_1": "W₁'s update to BP's",
    }
    with figure(3, height=2.7) as (fig, axes):
        for ax, (metric, title) in zip(axes, panels.items(), strict=True):
            ways = ("FA", "noise then FA", "BP")[: 2 if metric == "update_angle_1" else 3]
            _over_steps(ax, table, metric, ways)
            ax.set(title=title, ylabel="degrees", ylim=(30, 110))
            ticks = [0, 100, int(curve(table, "FA", metric).index[-1])]
            ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
            ax.minorticks_off()
            reference(ax, 90, "90°")
    return fig


def both_orders(table: pd.DataFrame, steps: int) -> Figure:
    """Distance of the readout from its feedback, and test accuracy, over noise and data steps.

    ``steps`` is the number of data steps. Circles mark where one kind of training follows another.
    """
    panels = {
        "feedback_distance": "Distance of W₂ from B₂",
        "accuracy": "Test accuracy",
    }
    with figure(2, height=3.2) as (fig, axes):
        for ax, (metric, title) in zip(axes, panels.items(), strict=True):
            for name, style in _ORDERS.items():
                values, turn = _in_order(table, name, metric, steps)
                band(ax, values, name, **style)
                ax.plot(turn, values.loc[turn].mean(), "o", color=style["color"], ms=6)
                if metric == "feedback_distance":
                    length = _in_order(table, name, "right_angle_distance", steps)[0].mean(axis=1)
                    ax.plot(length, ":", color=style["color"], lw=1, label="at 90°")
            ax.set(title=title, xlabel="noise and data steps", xlim=(0, None))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    return fig


def _in_order(table: pd.DataFrame, name: str, metric: str, steps: int) -> tuple[pd.DataFrame, int]:
    """A metric over all steps of one order of noise and data, and the step between the two."""
    if name == DATA_THEN_NOISE:
        late = curve(table, name, metric)
        return pd.concat([curve(table, "FA", metric), late[late.index > steps]]), steps
    early, late = curve(table, NOISE, metric), curve(table, "noise then FA", metric)
    noise = int(early.index[-1])
    return pd.concat([early, late.iloc[1:].rename(index=lambda step: step + noise)]), noise


def ladder(table: pd.DataFrame, level: float) -> Figure:
    """Data steps to one accuracy level over those of FA: FA, the quiet readout, noise, BP."""
    plain = steps_to(table, "FA", level)
    steps = ("FA", QUIET, "noise then FA", "BP")
    return estimates(
        {name: steps_to(table, name, level) / plain for name in steps},
        title=f"Data steps to {level:.0%}, as parts of FA's",
        xlabel="data steps, relative to FA without preparation",
        level=(1, "no gain"),
    )


def steps_to_levels(table: pd.DataFrame, levels: Sequence[float], noise_steps: int) -> Figure:
    """Steps to each accuracy level: data steps alone, and with the noise steps added."""
    panels = {"Data steps alone": 0, "With the noise steps": noise_steps}
    with figure(2, height=2.8) as (fig, axes):
        for ax, (title, extra) in zip(axes, panels.items(), strict=True):
            for slot, (name, style) in enumerate(RULE_STYLE.items()):
                cost = extra if name.startswith("noise") else 0
                places = [group + 0.12 * (slot - 1.5) for group in range(len(levels))]
                taken = [steps_to(table, name, level) + cost for level in levels]
                points(ax, pd.DataFrame(taken, index=places), name, **style)
            ax.set_xticks(range(len(levels)), [f"{level:.0%}" for level in levels])
            ax.grid(visible=False, axis="x")
            ax.set(title=title, xlabel="test accuracy to reach", ylabel="steps", ylim=(0, None))
    return fig


def noise_lengths(
    table: pd.DataFrame, names: Mapping[int, str], level: float, control: str = "BP"
) -> Figure:
    """Steps to one accuracy level against the number of noise steps (``names`` maps it to FA)."""
    lengths = sorted(names)
    taken = pd.DataFrame({n: steps_to(table, names[n], level) for n in lengths}).T
    total = taken.add(lengths, axis=0)
    with figure(1, height=3.0) as (fig, (ax,)):
        points(ax, taken, "data steps", **RULE_STYLE["noise then FA"])
        hollow: Any = {"marker": "s", "markerfacecolor": "none"}
        points(ax, total, "data and noise steps", **hollow, **RULE_STYLE["noise then FA"])
        goal = float(steps_to(table, control, level).mean())
        ax.axhline(goal, label=f"{control}, no noise", **way(control))
        ax.set_xscale("symlog", linthresh=lengths[1], linscale=0.2)
        ax.set_xlim(-0.1 * lengths[1], 1.15 * lengths[-1])
        ax.set_xticks(lengths, [f"{length}" for length in lengths])
        ax.minorticks_off()
        ax.set(xlabel="noise steps before the data", ylabel=f"steps to {level:.0%}", ylim=(0, None))
    return fig


def readout_paths(
    paths: Mapping[str, tuple[ArrayLike, int]], feedback: ArrayLike, shares: Sequence[float]
) -> Figure:
    """Paths of a readout's weights in a plane, and where its feedback lies (a star).

    Args:
        paths: order of noise and data to its points ``[records, 2]`` and the number of the point
            where one kind of training follows the other. Dot: start, square: end.
        feedback: its two coordinates.
        shares: parts of the variance that the two axes hold.
    """
    with figure(1, height=3.6) as (fig, (ax,)):
        for order, (way_there, turn) in paths.items():
            x, y = np.asarray(way_there).T
            color = _ORDERS[order]["color"]
            early, late = (":", "-") if order.startswith("noise") else ("-", ":")
            ax.plot(x[: turn + 1], y[: turn + 1], early, color=color)
            ax.plot(x[turn:], y[turn:], late, color=color)
            ax.plot(x[-1:], y[-1:], "s", color=color, ms=7)
            note(ax, order, (x[-1], y[-1]), "top" if y[-1] > y[turn] else "bottom")
        ax.plot(x[:1], y[:1], "o", color="black", ms=6)
        note(ax, "start", (x[0], y[0]), "bottom")
        ax.plot(*np.asarray(feedback), "*", color="black", ms=12)
        note(ax, "B₂", tuple(np.asarray(feedback)), "left")
        ax.margins(0.15)
        ax.set(
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
            title="W₂ of one network (dotted: on noise, solid: on data)",
        )
    return fig

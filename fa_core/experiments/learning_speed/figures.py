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
from fa_core.results.tables import area, curve, steps_to
from fa_core.show.style import (
    OKABE_ITO,
    RULE_STYLE,
    Figure,
    band,
    estimates,
    figure,
    interval,
    reference,
)

_ORDERS: dict[str, dict[str, Any]] = {
    "noise then data": RULE_STYLE["noise then FA"],
    DATA_THEN_NOISE: {"color": OKABE_ITO["orange"], "linestyle": "--"},
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
        left.legend(loc="lower right")
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
        "neuron_angle": "Neurons: $W_2$ to $B_2$",
        "centred_neuron_angle": "The same, class-centred",
        "update_angle_1": "$W_1$'s update to BP's",
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
        axes[0].legend(loc="lower left")
    return fig


def both_orders(table: pd.DataFrame, steps: int) -> Figure:
    """Distance of the readout from its feedback, and test accuracy, over noise and data steps.

    ``steps`` is the number of data steps. Circles mark where one kind of training follows another.
    """
    panels = {
        "feedback_distance": "Distance of $W_2$ from $B_2$",
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
                    ax.plot(length, ":", color=style["color"], lw=1, label=f"{name}, at 90°")
            ax.set(title=title, xlabel="noise and data steps", xlim=(0, None))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1))
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _in_order(table: pd.DataFrame, name: str, metric: str, steps: int) -> tuple[pd.DataFrame, int]:
    """A metric over all steps of one order of noise and data, and the step between the two."""
    if name == DATA_THEN_NOISE:
        late = curve(table, name, metric)
        return pd.concat([curve(table, "FA", metric), late[late.index > steps]]), steps
    early, late = curve(table, NOISE, metric), curve(table, "noise then FA", metric)
    noise = int(early.index[-1])
    return pd.concat([early, late.iloc[1:].rename(index=lambda step: step + noise)]), noise


def steps_to_levels(table: pd.DataFrame, levels: Sequence[float], noise_steps: int) -> Figure:
    """Steps to each accuracy level: data steps alone, and with the noise steps added."""
    panels = {"Data steps alone": 0, "With the noise steps": noise_steps}
    with figure(2, height=2.8) as (fig, axes):
        for ax, (title, extra) in zip(axes, panels.items(), strict=True):
            for slot, (name, style) in enumerate(RULE_STYLE.items()):
                cost = extra if name.startswith("noise") else 0
                taken = [steps_to(table, name, level) + cost for level in levels]
                mean, low, high = interval(taken)
                places = [group + 0.2 * (slot - 1.5) for group in range(len(levels))]
                ax.bar(places, mean, 0.18, color=style["color"], label=name)
                spread = [mean - low, high - mean]
                ax.errorbar(places, mean, spread, fmt="none", color="black", capsize=2, lw=1)
            ax.set_xticks(range(len(levels)), [f"{level:.0%}" for level in levels])
            ax.grid(visible=False, axis="x")
            ax.set(title=title, xlabel="test accuracy to reach", ylabel="steps")
        axes[0].legend(loc="upper left")
    return fig


def noise_lengths(
    table: pd.DataFrame, names: Mapping[int, str], level: float, control: str = "BP"
) -> Figure:
    """Steps to one accuracy level against the number of noise steps (``names`` maps it to FA)."""
    lengths = sorted(names)
    taken = pd.DataFrame({n: steps_to(table, names[n], level) for n in lengths}).T
    total = taken.add(lengths, axis=0)
    with figure(1, height=3.0) as (fig, (ax,)):
        band(ax, taken, "data steps", color=OKABE_ITO["blue"], marker="o", ms=4)
        style = {"color": OKABE_ITO["orange"], "linestyle": "-.", "marker": "s", "ms": 4}
        band(ax, total, "data and noise steps", **style)
        goal = float(steps_to(table, control, level).mean())
        ax.axhline(goal, color="#666666", linewidth=1, linestyle=":", label=f"{control}, no noise")
        ax.set_xscale("symlog", linthresh=lengths[1], linscale=0.5)
        ax.set_xlim(0, None)
        ax.set_xticks(lengths, [f"{length}" for length in lengths])
        ax.minorticks_off()
        ax.set(xlabel="noise steps before the data", ylabel=f"steps to {level:.0%}", ylim=(0, None))
        ax.legend(loc="upper left")
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
        for name, (points, turn) in paths.items():
            x, y = np.asarray(points).T
            color = _ORDERS[name]["color"]
            early, late = (":", "-") if name.startswith("noise") else ("-", ":")
            ax.plot(x[: turn + 1], y[: turn + 1], early, color=color)
            ax.plot(x[turn:], y[turn:], late, color=color)
            ax.plot(x[-1:], y[-1:], "s", color=color, ms=7, label=name)
        ax.plot(x[:1], y[:1], "o", color="black", ms=6, label="start")
        ax.plot(*np.asarray(feedback), "*", color="black", ms=12, label="$B_2$")
        ax.set(
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
            title="$W_2$ of one network (dotted: on noise, solid: on data)",
        )
        ax.legend()
    return fig

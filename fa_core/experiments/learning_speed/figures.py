"""Figures of chapter 2: learning curves, the price of noise, trajectories of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from fa_core.results.tables import curve, steps_to
from fa_core.show.style import OKABE_ITO, RULE_STYLE, Figure, band, figure, interval, reference


def _over_steps(ax: Axes, table: pd.DataFrame, metric: str, names: Sequence[str]) -> None:
    for name in names:
        band(ax, curve(table, name, metric), name, **RULE_STYLE[name])
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xlim(0, None)
    ax.set_xlabel("data steps")


def learning(table: pd.DataFrame) -> Figure:
    """Test accuracy and loss over data steps of the four ways of learning."""
    with figure(2, height=2.9) as (fig, (left, right)):
        _over_steps(left, table, "accuracy", tuple(RULE_STYLE))
        _over_steps(right, table, "loss", tuple(RULE_STYLE))
        left.yaxis.set_major_formatter(PercentFormatter(1))
        left.set(title="Test accuracy", ylim=(0, 1))
        right.set(title="Test loss", ylabel="cross-entropy (nats)", yscale="log")
        left.legend(loc="upper left")
    return fig


def credit(table: pd.DataFrame) -> Figure:
    """Alignment angle and update angle over data steps, with and without noise before."""
    with figure(2, height=2.8) as (fig, (left, right)):
        _over_steps(left, table, "alignment_angle_2", ("FA", "noise then FA", "BP"))
        _over_steps(right, table, "update_angle_1", ("FA", "noise then FA"))
        left.set(title="Angle of $W_2$ to $B_2$", ylabel="degrees")
        right.set(title="Angle of $W_1$'s update to BP's", ylabel="degrees")
        for ax in (left, right):
            reference(ax, 90, "90°")
            ax.legend(loc="lower left")
    return fig


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


def trajectories(paths: Mapping[str, ArrayLike], shares: Sequence[float]) -> Figure:
    """Paths of weights in a plane: name to points ``[records, 2]``; dot: start, square: end.

    ``shares`` are the parts of the variance that the two axes hold.
    """
    with figure(1, height=3.4) as (fig, (ax,)):
        for name, path in paths.items():
            x, y = pd.DataFrame(path).to_numpy().T
            noise = name == "noise"
            style = {"color": "#888888", "linestyle": ":"} if noise else RULE_STYLE[name]
            ax.plot(x, y, label=name, **style)
            ax.plot(x[:1], y[:1], "o", color=style["color"], ms=5)
            ax.plot(x[-1:], y[-1:], "s", color=style["color"], ms=6)
        ax.set(
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
            title="Weights of one network (dot: start, square: end)",
        )
        ax.legend()
    return fig


def converged(table: pd.DataFrame, data: str, names: Mapping[str, str]) -> Figure:
    """Test accuracy on ``data`` near the end of long training (``names``: condition to label)."""
    styles = [RULE_STYLE[name] for name in ("FA", "noise then FA", "BP")]
    styles.append({"color": OKABE_ITO["orange"], "linestyle": "-."})
    with figure(1, height=3.0) as (fig, (ax,)):
        ends = []
        for (condition, label), style in zip(names.items(), styles, strict=True):
            values = curve(table, condition, "accuracy")
            band(ax, values, label, **style)
            ends.append(values.iloc[-1].mean())
        ax.set_xscale("log")
        ax.set_xlim(values.index[-1] / 30, None)
        ax.set_ylim(max(0, 1 - 6 * (1 - min(ends))), 1)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set(title=data, xlabel="data steps", ylabel="test accuracy")
        ax.legend(loc="lower right")
    return fig

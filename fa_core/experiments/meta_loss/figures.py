"""Figures of chapter 5: meta-loss along noise, adaptation, the way to B, tailor-made starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fa_core.show.style import GREYS, RULE_STYLE, Figure, band, figure, note, points, way

_NOISE = RULE_STYLE["noise then FA"]
_MARKS = "osD^vP"  # of tasks, and of numbers of adaptation steps


def _along_noise(ax: Axes, lengths: Sequence[int]) -> None:
    ax.set_xscale("symlog", linthresh=lengths[1], linscale=0.5)
    ax.set_xlim(-0.1 * lengths[1], lengths[-1] * 1.15)
    ticks = [*lengths[:2], lengths[len(lengths) // 2], lengths[-1]]  # all of them would touch
    ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("noise steps before the task")


def along_noise(
    meta: pd.DataFrame, tasks: Mapping[str, pd.DataFrame], levels: Mapping[str, float]
) -> Figure:
    """Loss after K adaptation steps over noise steps: the meta-loss and every task.

    Tables hold a row for each number of noise steps and a column for each network; ``levels`` are
    meta-losses of other starts, by the names of their ways of learning.
    """
    with figure(2, height=3.1) as (fig, (left, right)):
        points(left, meta, "noise then FA", **_NOISE)
        _levels(left, levels)
        for (task, values), mark in zip(tasks.items(), _MARKS, strict=False):
            points(right, values, task, marker=mark, **_NOISE)
        for ax in (left, right):
            _along_noise(ax, meta.index.tolist())
            ax.set_ylim(0, None)
        left.set(title="Meta-loss: sum over tasks", ylabel="meta-loss (nats)")
        right.set(title="Each task", ylabel="test loss after adapting (nats)")
    return fig


def _levels(ax: Axes, levels: Mapping[str, float]) -> None:
    for start, level in levels.items():
        ax.axhline(level, label=start, **(way(start) | {"linewidth": 1}))


def adaptation(panels: Mapping[str, tuple[Mapping[str, pd.DataFrame], ...]]) -> Figure:
    """Test loss and accuracy over adaptation steps, one row of panels for each task.

    A task maps to two sets of curves, of the loss and of the accuracy in %: start to a table of
    steps by networks.
    """
    with figure(2 * len(panels), height=2.3, columns=2) as (fig, axes):
        for number, (task, curves) in enumerate(panels.items()):
            pair = axes[2 * number : 2 * number + 2]
            for ax, starts in zip(pair, curves, strict=True):
                for start, values in starts.items():
                    band(ax, values, start, **way(start))
                ax.set_title(task)
            pair[0].set(ylabel="test loss (nats)", ylim=(0, None))
            pair[1].set(ylabel="test accuracy (%)", ylim=(0, 100))
        for ax in axes:
            ax.set_xlabel("adaptation steps")
    return fig


def to_feedback(
    distances: Mapping[str, pd.DataFrame], angles: Mapping[str, pd.DataFrame]
) -> Figure:
    """Distance and angle of the last layer to its feedback over adaptation steps, by start."""
    with figure(2, height=3.0) as (fig, axes):
        for ax, starts in zip(axes, (distances, angles), strict=True):
            for start, values in starts.items():
                band(ax, values, start, **way(start))
            ax.set_xlabel("adaptation steps")
        axes[0].set(title="Distance", ylabel="‖W₂ − B₂‖", ylim=(0, None))
        axes[1].set(title="Angle", ylabel="mean over neurons (degrees)", ylim=(60, 95))
    return fig


def settings(by_k: Mapping[int, pd.DataFrame], rates: Mapping[str, pd.DataFrame], k: int) -> Figure:
    """Meta-loss along noise for several k; and over learning rates, without and with noise."""
    with figure(2, height=3.1) as (fig, (left, right)):
        for (steps, values), mark in zip(sorted(by_k.items()), _MARKS, strict=False):
            points(left, values, f"k = {steps}", marker=mark, **_NOISE)
        _along_noise(left, next(iter(by_k.values())).index.tolist())
        for name, values in rates.items():
            points(right, values, name, **way(name))
        right.set_xscale("log")
        right.set(title=f"Learning rate, k = {k}", xlabel="learning rate of the adaptation")
        left.set(title="Number of adaptation steps", ylabel="meta-loss (nats)")
        left.set_ylim(0, None)
        right.set_ylim(0, None)
    return fig


def tailored(noise: pd.DataFrame, meta: pd.DataFrame, levels: Mapping[str, float]) -> Figure:
    """Meta-loss over the gradients spent before the tasks: on noise, and on the tasks themselves.

    Tables hold a row for each number of gradients and a column for each network.
    """
    with figure(1, height=3.2) as (fig, (ax,)):
        points(ax, noise, "noise: knows no task", **_NOISE)
        points(ax, meta, "first-order MAML: knows the tasks", marker="s", **GREYS[0])
        _levels(ax, levels)
        ax.set_xscale("log")
        ax.set(xlabel="gradients spent on the start", ylabel="meta-loss (nats)", ylim=(0, None))
    return fig


def trajectories(
    panels: Mapping[str, tuple[Mapping[str, Sequence[ArrayLike]], Sequence[float]]],
    tasks: Sequence[str],
    feedback: tuple[float, float],
) -> Figure:
    """Ways of one network through planes: start to one path ``[records, 2]`` for each task.

    A panel's title maps to its paths and to the parts of the variance that its two axes hold. The
    path named ``noise`` leads from one start to the other. The first panel shows the place of the
    ``feedback``. In the last panel the ends of the last start carry the names of the tasks.
    """
    with figure(len(panels), height=3.3) as (fig, axes):
        for ax, (title, (paths, shares)) in zip(axes, panels.items(), strict=True):
            for start, ways in paths.items():
                style = RULE_STYLE.get(start, GREYS[4])
                ends = [pd.DataFrame(path).to_numpy()[-1] for path in ways]
                for path in ways:
                    x, y = pd.DataFrame(path).to_numpy().T
                    ax.plot(x, y, **style)
                    ax.plot(x[:1], y[:1], "o", color=style["color"], ms=5)
                    ax.plot(x[-1:], y[-1:], "s", color=style["color"], ms=5)
                if ax is axes[0]:
                    lowest = min(ends, key=lambda end: float(end[1]))
                    note(ax, start, tuple(lowest), "bottom")
            ax.margins(0.1, 0.18)
            ax.set(
                title=title,
                xlabel=f"first component ({shares[0]:.0%} of the variance)",
                ylabel=f"second component ({shares[1]:.0%})",
            )
        axes[0].plot(*feedback, "*", color="black", ms=11)
        note(axes[0], "B₂", feedback, "bottom")
        middle = sum(axes[-1].get_xlim()) / 2
        for task, (x, y) in zip(tasks, ends, strict=True):
            place: Any = {"xytext": (0, 13 if y > 0 else -15), "textcoords": "offset points"}
            axes[-1].annotate(task, (x, y), ha="right" if x > middle else "left", **place)
    return fig

"""Figures of chapter 5: meta-loss along noise, adaptation, the way to B, tailor-made starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fa_core.show.style import OKABE_ITO, QUIET_STYLE, RULE_STYLE, Figure, band, figure

_TASK_STYLE: tuple[
    dict[str, Any], ...
] = (  # told apart by dash, for the colours stand for ways of learning
    {"color": "#888888", "linestyle": "--", "marker": "s"},
    {"color": "#888888", "linestyle": "-.", "marker": "^"},
    {"color": "#888888", "linestyle": (0, (1, 1)), "marker": "D"},
)
_TAILORED: dict[str, Any] = {"color": OKABE_ITO["black"], "linestyle": "-.", "marker": "s", "ms": 4}


def _along_noise(ax: Axes, lengths: Sequence[int]) -> None:
    ax.set_xscale("symlog", linthresh=lengths[1], linscale=0.5)
    ax.set_xlim(0, lengths[-1] * 1.1)
    ticks = [lengths[0], lengths[1], *lengths[3::2]]  # all of them would touch
    ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("noise steps before the task")


def along_noise(
    meta: pd.DataFrame, tasks: Mapping[str, pd.DataFrame], levels: Mapping[str, float]
) -> Figure:
    """Loss after K adaptation steps over noise steps: the meta-loss and every task.

    Tables hold a row for each number of noise steps and a column for each network; ``levels`` are
    meta-losses of other starts, dotted, by the names of their ways of learning.
    """
    with figure(2, height=3.1) as (fig, (left, right)):
        band(left, meta, "noise then FA", marker="o", ms=4, **RULE_STYLE["noise then FA"])
        for name, level in levels.items():
            color = RULE_STYLE.get(name, QUIET_STYLE)["color"]
            left.axhline(level, color=color, linestyle=":", label=name)
        for (name, values), style in zip(tasks.items(), _TASK_STYLE, strict=False):
            band(right, values, name, ms=4, **style)
        for ax in (left, right):
            _along_noise(ax, meta.index.tolist())
            ax.set_ylim(0, None)
            ax.legend()
        left.set(title="Meta-loss: sum over tasks", ylabel="meta-loss (nats)")
        right.set(title="Each task", ylabel="test loss after adapting (nats)")
    return fig


def adaptation(panels: Mapping[str, tuple[Mapping[str, pd.DataFrame], ...]]) -> Figure:
    """Test loss and accuracy over adaptation steps, one row of panels for each task.

    A task maps to two sets of curves, of the loss and of the accuracy in %: start to a table of
    steps by networks.
    """
    with figure(2 * len(panels), height=2.3) as (fig, axes):
        for number, (task, curves) in enumerate(panels.items()):
            pair = axes[2 * number : 2 * number + 2]
            for ax, starts in zip(pair, curves, strict=True):
                for name, values in starts.items():
                    band(ax, values, name, **RULE_STYLE.get(name, QUIET_STYLE))
                ax.set_title(task)
            pair[0].set(ylabel="test loss (nats)", ylim=(0, None))
            pair[1].set(ylabel="test accuracy (%)", ylim=(0, 100))
        for ax in axes[-2:]:
            ax.set_xlabel("adaptation steps")
        _legend_below(fig, axes[0])
    return fig


def to_feedback(
    distances: Mapping[str, pd.DataFrame], angles: Mapping[str, pd.DataFrame]
) -> Figure:
    """Distance and angle of the last layer to its feedback over adaptation steps, by start."""
    with figure(2, height=3.0) as (fig, axes):
        for ax, starts in zip(axes, (distances, angles), strict=True):
            for name, values in starts.items():
                band(ax, values, name, **RULE_STYLE.get(name, QUIET_STYLE))
            ax.set_xlabel("adaptation steps")
        axes[0].set(title="Distance", ylabel=r"$\Vert W_2 - B_2\Vert$", ylim=(0, None))
        axes[1].set(title="Angle", ylabel="mean over neurons (degrees)", ylim=(60, 95))
        _legend_below(fig, axes[0])
    return fig


def _legend_below(fig: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def settings(by_k: Mapping[int, pd.DataFrame], rates: Mapping[str, pd.DataFrame], k: int) -> Figure:
    """Meta-loss along noise for several K; and over learning rates, without and with noise."""
    colours = [OKABE_ITO[name] for name in ("sky", "orange", "blue", "purple", "black", "green")]
    with figure(2, height=3.1) as (fig, (left, right)):
        for (steps, values), colour in zip(sorted(by_k.items()), colours, strict=False):
            left.plot(values.mean(axis=1), label=f"K = {steps}", color=colour, marker="o", ms=3)
        _along_noise(left, next(iter(by_k.values())).index.tolist())
        for name, values in rates.items():
            band(right, values, name, marker="o", ms=4, **RULE_STYLE[name])
        right.set_xscale("log")
        right.set(title=f"Learning rate, K = {k}", xlabel="learning rate of the adaptation")
        left.set(title="Number of adaptation steps", ylabel="meta-loss (nats)")
        left.set_ylim(0, 1.35 * left.get_ylim()[1])  # room for the legend
        left.legend(loc="upper right", ncols=2)
        right.set_ylim(0, None)
        right.legend()
    return fig


def tailored(noise: pd.DataFrame, meta: pd.DataFrame, levels: Mapping[str, float]) -> Figure:
    """Meta-loss over the gradients spent before the tasks: on noise, and on the tasks themselves.

    Tables hold a row for each number of gradients and a column for each network.
    """
    with figure(1, height=3.2) as (fig, (ax,)):
        band(ax, noise, "noise: knows no task", marker="o", ms=4, **RULE_STYLE["noise then FA"])
        band(ax, meta, "first-order MAML: knows the tasks", **_TAILORED)
        for name, level in levels.items():
            color = RULE_STYLE.get(name, QUIET_STYLE)["color"]
            ax.axhline(level, color=color, linestyle=":", label=name)
        ax.set_xscale("log")
        ax.set(xlabel="gradients spent on the start", ylabel="meta-loss (nats)", ylim=(0, None))
        ax.legend(loc="lower left")
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
            for name, ways in paths.items():
                style = RULE_STYLE.get(name, {"color": "#888888", "linestyle": ":"})
                ends = [pd.DataFrame(way).to_numpy()[-1] for way in ways]
                for number, way in enumerate(ways):
                    x, y = pd.DataFrame(way).to_numpy().T
                    ax.plot(x, y, label=None if number else name, **style)
                    ax.plot(x[:1], y[:1], "o", color=style["color"], ms=5)
                    ax.plot(x[-1:], y[-1:], "s", color=style["color"], ms=5)
            ax.margins(0.1, 0.18)
            ax.set(
                title=title,
                xlabel=f"first component ({shares[0]:.0%} of the variance)",
                ylabel=f"second component ({shares[1]:.0%})",
            )
        axes[0].plot(*feedback, "*", color=OKABE_ITO["black"], ms=11, label="B")
        middle = sum(axes[-1].get_xlim()) / 2
        for task, (x, y) in zip(tasks, ends, strict=True):
            place: Any = {"xytext": (0, 13 if y > 0 else -15), "textcoords": "offset points"}
            axes[-1].annotate(task, (x, y), ha="right" if x > middle else "left", size=8, **place)
        _legend_below(fig, axes[0])
    return fig

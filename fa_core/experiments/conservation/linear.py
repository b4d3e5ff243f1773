"""The linear network under feedback alignment on noise: an equation for W2 alone, and a test of it.

With squared loss, labels independent of the inputs and these of covariance I, the mean updates are
``dW1/dt = -B' W2 W1`` and ``dW2/dt = -W2 W1 W1'``. So ``C = W1 W1' - B' W2 - W2' B`` stays what it
is at the start, and ``W1`` drops out: ``dW2/dt = -W2 (C + B' W2 + W2' B)``. Time is learning rate
times steps.

Index legend: p network, h hidden unit, d input unit, k output unit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from scipy.integrate import solve_ivp
from torch import Tensor

from fa_core.experiments.conservation.conditions import Config, width_name
from fa_core.metrics import alignment_angle
from fa_core.networks import MLP
from fa_core.noise import NoiseGenerator

NAME = "linear network"


def parts(config: Config, device: torch.device | str) -> dict[str, Callable[[], pd.DataFrame]]:
    """The linear network, simulated and predicted, and predictions at other hidden widths."""
    found: dict[str, Callable[[], pd.DataFrame]] = {
        NAME: partial(_simulated_and_predicted, config, device)
    }
    for hidden in config.widths:
        found[width_name(hidden)] = partial(_predicted, config, hidden)
    return found


def predict(
    W1: Float[np.ndarray, "h d"],
    W2: Float[np.ndarray, "k h"],
    B: Float[np.ndarray, "k h"],
    times: Float[np.ndarray, " t"],
) -> Float[np.ndarray, "t k h"]:
    """The readout at ``times`` (learning rate times steps) of ascending order, from the start."""
    conserved = W1 @ W1.T - B.T @ W2 - W2.T @ B

    def velocity(_: float, flat: Any) -> Any:
        W = flat.reshape(W2.shape)
        return -(W @ conserved + (W @ B.T) @ W + (W @ W.T) @ B).ravel()

    solved = solve_ivp(velocity, (0, times[-1]), W2.ravel(), t_eval=times, rtol=1e-6, atol=1e-9)
    path: np.ndarray = solved.y.T.reshape(len(times), *W2.shape)
    return path


def wide_limit(times: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """The angle (degrees) where classes are few beside hidden units, and these beside inputs.

    Then ``W1 W1'`` is 2 I at the start, and so are ``W2 W2'`` and ``B B'``, at a right angle to
    each other; ``W2`` stays a sum ``a W2(0) + b B``, of which two numbers are to be solved for.
    """

    def velocity(_: float, state: Any) -> list[float]:
        a, b = state
        return [-2 * a + 2 * b * (1 - a), -2 * b - 4 * b * b + 2 * a * (1 - a)]

    solved = solve_ivp(velocity, (0, times[-1]), [1.0, 0.0], t_eval=times, rtol=1e-8, atol=1e-10)
    a, b = solved.y
    angle: np.ndarray = np.degrees(np.arctan2(a, b))
    return angle


@torch.no_grad()
def simulate(net: MLP, config: Config, record_at: range) -> list[Tensor]:
    """The readouts ``[p, k, h]`` at steps of gradient descent on noise; ``net`` gives the start.

    ReLU, softmax and biases are left out; the loss is half the squared error to the one-hot label
    less its mean 1/K.
    """
    first, last = net.layers
    W1, W2, B = first.weight.detach(), last.weight.detach(), last.feedback
    device, rate = W1.device, config.linear_lr / config.batch_size
    noise = NoiseGenerator(
        config.inputs, config.classes, networks=config.networks, seed=config.seed, device=device
    )
    batch = noise.batch(config.batch_size)
    found = [W2.clone()]
    for step in range(1, record_at[-1] + 1):
        h = batch.x @ W1.mT
        e = h @ W2.mT - batch.y + 1 / config.classes
        W1 -= rate * (e @ B).mT @ batch.x
        W2 -= rate * e.mT @ h
        if step in record_at:
            found.append(W2.clone())
        noise.refill(batch)
    return found


def _start(config: Config, hidden: int) -> MLP:
    return MLP((config.inputs, hidden, config.classes), "fa", config.networks, config.seed)


def _record_at(config: Config) -> range:
    return range(0, config.linear_steps + 1, config.linear_steps // config.records)


def _angles(net: MLP, config: Config) -> Tensor:
    """What theory predicts of each network: its angle (degrees) at each step."""
    times = config.linear_lr * np.array(_record_at(config), dtype=float)
    first, last = net.layers
    starts = (t.detach().cpu().double().numpy() for t in (first.weight, last.weight, last.feedback))
    readouts = np.stack([predict(W1, W2, B, times) for W1, W2, B in zip(*starts, strict=True)])
    feedback = last.feedback.cpu().double()
    at_each_time = torch.from_numpy(readouts).unbind(1)
    return torch.stack([alignment_angle(W, feedback) for W in at_each_time])


def _predicted(config: Config, hidden: int) -> pd.DataFrame:
    angles = _angles(_start(config, hidden), config)
    return _table(config, width_name(hidden), {"predicted_angle": angles})


def _simulated_and_predicted(config: Config, device: torch.device | str) -> pd.DataFrame:
    net = _start(config, config.hidden).to(device)
    predicted = _angles(net, config)
    feedback = net.layers[-1].feedback
    readouts = simulate(net, config, _record_at(config))
    simulated = torch.stack([alignment_angle(W, feedback) for W in readouts])
    return _table(config, NAME, {"predicted_angle": predicted, "simulated_angle": simulated})


def _table(config: Config, condition: str, metrics: dict[str, Tensor]) -> pd.DataFrame:
    """A tidy table of values ``[records, networks]``."""
    index = pd.MultiIndex.from_product(
        [_record_at(config), range(config.networks)], names=["step", "network"]
    )
    columns = {name: values.cpu().numpy().ravel() for name, values in metrics.items()}
    wide = pd.DataFrame(columns, index).reset_index()
    tidy = wide.melt(["step", "network"], var_name="metric", value_name="value")
    return tidy.assign(condition=condition)

"""The same noise training in JAX, as its users write it: a pure step, then scan, vmap and jit.

The whole training is one compiled call; every step draws its own batch from JAX's default random
numbers. Needs the extra ``bench``.

Index legend: n sample, i input unit, o output unit, k unit of the network's output.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Array = Any  # jax.Array; JAX is optional, so nothing is known of its types here
_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8  # Adam's defaults, in torch too


class State(NamedTuple):
    """Of one network in training; with ``vmap`` every array gets a leading axis of networks."""

    parameters: list[tuple[Array, Array]]  # weight [i, o] and bias [o] of each layer
    feedback: list[Array]  # [i, o]
    mean: list[tuple[Array, Array]]  # Adam's moments
    square: list[tuple[Array, Array]]
    steps: Array


def start(parameters: list[tuple[Array, Array]], feedback: list[Array]) -> State:
    """Before the first step."""
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return State(parameters, feedback, zeros, zeros, jnp.zeros(()))


def update(state: State, x: Array, y: Array, lr: float) -> State:
    """One step of feedback alignment and Adam on inputs ``[n, i]`` and probabilities ``[n, k]``."""
    *hidden, last = state.parameters
    inputs = [x]
    for weight, bias in hidden:
        inputs.append(jax.nn.relu(inputs[-1] @ weight + bias))
    delta = (jax.nn.softmax(inputs[-1] @ last[0] + last[1]) - y) / len(x)
    gradients = [(inputs[-1].T @ delta, delta.sum(0))]
    for n in range(len(hidden), 0, -1):
        delta = (delta @ state.feedback[n].T) * (inputs[n] > 0)
        gradients.insert(0, (inputs[n - 1].T @ delta, delta.sum(0)))

    steps = state.steps + 1
    mean = jax.tree.map(lambda m, g: _BETA1 * m + (1 - _BETA1) * g, state.mean, gradients)
    square = jax.tree.map(lambda s, g: _BETA2 * s + (1 - _BETA2) * g * g, state.square, gradients)

    def moved(p: Array, m: Array, s: Array) -> Array:
        size = jnp.sqrt(s / (1 - _BETA2**steps)) + _EPS
        return p - lr * m / (1 - _BETA1**steps) / size

    parameters = jax.tree.map(moved, state.parameters, mean, square)
    return State(parameters, state.feedback, mean, square, steps)


def training(
    sizes: tuple[int, ...], networks: int | None, batch_size: int, lr: float
) -> Callable[[int], float]:
    """What makes a number of updates and returns the seconds they took, without compiling."""
    many = (lambda f: f) if networks is None else jax.vmap
    key = jax.random.key(0)
    keys = key if networks is None else jax.random.split(key, networks)
    cpu = jax.devices("cpu")[0]

    @cache
    def compiled(updates: int) -> tuple[Any, State]:
        def train(state: State, key: Array) -> State:
            def step(state: State, key: Array) -> tuple[State, None]:
                return update(state, *_noise(key, sizes, batch_size), lr), None

            trained: State = jax.lax.scan(step, state, jax.random.split(key, updates))[0]
            return trained

        state = jax.jit(many(lambda key: _initial(key, sizes)))(keys)
        return jax.jit(many(train)).lower(state, keys).compile(), state

    def run(updates: int) -> float:
        with jax.default_device(cpu):
            train, state = jax.block_until_ready(compiled(updates))
            begun = time.perf_counter()
            jax.block_until_ready(train(state, keys))
            return time.perf_counter() - begun

    return run


def _initial(key: Array, sizes: Sequence[int]) -> State:
    """Weights and feedback from N(0, 2 / inputs), as in fa_core."""
    parameters, feedback = [], []
    for i, o in pairwise(sizes):
        key, one, two = jax.random.split(key, 3)
        weight, fixed = (jax.random.normal(k, (i, o)) * (2 / i) ** 0.5 for k in (one, two))
        parameters.append((weight, jnp.zeros(o)))
        feedback.append(fixed)
    return start(parameters, feedback)


def _noise(key: Array, sizes: Sequence[int], batch_size: int) -> tuple[Array, Array]:
    inputs, labels = jax.random.split(key)
    x = jax.random.normal(inputs, (batch_size, sizes[0]))
    label = jax.random.randint(labels, (batch_size,), 0, sizes[-1])
    return x, jax.nn.one_hot(label, sizes[-1])

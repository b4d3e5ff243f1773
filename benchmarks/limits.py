"""What the machine can do: multiplications, and bytes to and from memory.

No training of a network of given sizes can be faster than its matrix products at the machine's
best speed, nor than its optimiser's traffic at the memory's speed. The slower of both is the limit
(Williams et al. 2009, the roofline model).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch

from benchmarks.contestants import BATCH
from fa_core.engine import products

ADAM_BYTES = 7 * 4  # a parameter: reads weight, gradient and two moments, writes all but one


def operations(sizes: Sequence[int], batch: int = BATCH) -> int:
    """Multiplications and additions of the matrix products in a network-step."""
    matrices = [i * o for i, o in pairwise(sizes)]
    forward = backward = sum(matrices)
    error = sum(matrices[1:])  # goes back through every layer but the first
    return 2 * batch * (forward + backward + error)


def optimiser_bytes(sizes: Sequence[int]) -> int:
    """Bytes that Adam reads and writes in a network-step."""
    return ADAM_BYTES * sum((i + 1) * o for i, o in pairwise(sizes))


def seconds(sizes: Sequence[int], flops: float, bandwidth: float) -> float:
    """The least time of a network-step at ``flops`` operations and ``bandwidth`` bytes a second."""
    return max(operations(sizes) / flops, optimiser_bytes(sizes) / bandwidth)


def measure(device: str) -> dict[str, float]:
    """Operations a second of two kinds of product, and bytes a second of a copy; best of several.

    ``square``: one large product with all threads, by the faster of torch's two libraries.
    ``layer``: 8 networks' products of the first layer 784-100, in as many threads as the machine
    has, as training on a CPU makes them.
    ``bandwidth``: a copy of 256 MB, read and written.
    """
    n = 8192 if device == "cuda" else 2048
    a, b = torch.randn(2, n, n, device=device)
    out = torch.empty_like(a)
    ways: list[Callable[[], object]] = [lambda: torch.mm(a, b, out=out)]
    if device == "cpu" and torch.backends.mkldnn.is_available():
        linear = torch.ops.mkldnn._linear_pointwise.default  # uses oneDNN
        ways.append(lambda: linear(a, b, None, "none", [], ""))
    block = torch.randn(2, 2**25, device=device)
    return {
        "square": 2 * n**3 / min(_best(way, device) for way in ways),
        "layer": _layer(device),
        "bandwidth": 2 * block[0].nbytes / _best(lambda: block[0].copy_(block[1]), device),
    }


def _layer(device: str, networks: int = 8, calls: int = 20) -> float:
    threads = torch.get_num_threads() if device == "cpu" else 1
    x = torch.randn(threads, networks, BATCH, 784, device=device)
    weight = torch.randn(threads, networks, 100, 784, device=device)
    bias = torch.zeros(threads, networks, 100, device=device)
    out = torch.empty(threads, networks, 100, BATCH, device=device).mT
    operands = zip(x, weight, bias, out, strict=True)
    forward = [products.prepare(*of_thread) for of_thread in operands]

    def part(thread: int) -> None:
        for _ in range(calls):
            forward[thread]()

    with ThreadPoolExecutor(threads) as pool:
        if device == "cpu":
            torch.set_num_threads(1)
        try:
            best = _best(lambda: list(pool.map(part, range(threads))), device)
        finally:
            if device == "cpu":
                torch.set_num_threads(threads)
    return threads * calls * networks * 2 * BATCH * 784 * 100 / best


def _best(call: Callable[[], object], device: str, times: int = 7) -> float:
    """Seconds of the fastest call: a limit is what the machine can do undisturbed."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - begun)
    return min(found)

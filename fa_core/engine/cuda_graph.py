"""One training step as a CUDA graph: the GPU repeats it without Python and without gaps."""

from __future__ import annotations

from collections.abc import Callable

import torch

_EAGER_STEPS = 3  # libraries set themselves up and gradients get their memory before the capture


class StepGraph:
    """Runs ``step`` a few times as it is, captures it once, and replays it from then on.

    ``step`` must do all of its work on the GPU and keep its state in tensors that it changes in
    place. ``streams`` are its random generators: each replay draws fresh numbers from them.
    """

    def __init__(self, step: Callable[[], None], streams: list[torch.Generator]) -> None:
        self._step = step
        self._streams = streams
        self._eager_left = _EAGER_STEPS
        self._graph: torch.cuda.CUDAGraph | None = None

    def replay(self) -> None:
        """Makes one step."""
        if self._eager_left > 0:
            self._eager_left -= 1
            self._on_side_stream()
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            for stream in self._streams:
                self._graph.register_generator_state(stream)
            with torch.cuda.graph(self._graph):  # records the step, runs nothing
                self._step()
        self._graph.replay()

    def _on_side_stream(self) -> None:
        # A capture needs what came before it to have run on another stream than the default one.
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._step()
        torch.cuda.current_stream().wait_stream(side)

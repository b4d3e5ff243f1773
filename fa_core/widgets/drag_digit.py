"""Chapter 4: move, turn and scale digits, and watch populations of trained networks read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack

# Beyond so many weights in all, they are sent in 8 bits: a page stays light.
_MOST_IN_16_BITS = 100_000

Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]


class DragDigit(Widget):
    """A digit that the reader drags, turns and scales, or draws, while trained networks read it.

    All test images move with it: beside what the networks read in one digit stands the accuracy
    of every network on all of them, computed in the page, and how far it lies above that of the
    first population, paired by network.

    Args:
        networks: name of up to four populations of as many trained networks, each a
            :class:`fa_core.MLP`, or its layers as ``(weight [networks, out, in], bias
            [networks, out])`` from the input on; a single network may lack the first axis. Drawn
            in the colours of FA, noise then FA, BP and the quiet readout, in this order.
        images: of a test set, ``[n, height, width]``, pixel values from 0 (background) to 255.
        labels: their classes, ``[n]``.
        mean, std: of the train set's pixels, as ``fa_core.data.load`` gives them.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "drag_digit.js"
    _styles: ClassVar[tuple[str, ...]] = ("base.css", "drag_digit.css")

    networks: traitlets.List[Any] = traitlets.List().tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    mean = traitlets.Float().tag(sync=True)
    std = traitlets.Float().tag(sync=True)
    quantile = traitlets.Float().tag(sync=True)

    def __init__(
        self,
        networks: Mapping[str, Any],
        images: ArrayLike,
        labels: ArrayLike,
        mean: float,
        std: float,
    ) -> None:
        pixels = _shapes.array("images", images, ("n", "height", "width"))
        if pixels.min() < 0 or pixels.max() > 255:
            raise ValueError("images must hold pixel values from 0 to 255")
        if not std > 0:
            raise ValueError(f"std must be above 0, got {std}")
        classes = _shapes.array("labels", labels, (len(pixels),)).astype(int).tolist()
        read = {
            name: _layers(name, network, pixels[0].size)
            for name, network in _shapes.named("networks", networks, 4).items()
        }
        sizes = {name: len(layers[0][0]) for name, layers in read.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"networks must hold as many networks each, got {sizes}")
        self._size = min(sizes.values())
        size = sum(weight.size for layers in read.values() for weight, _ in layers)
        kind = "int16" if size <= _MOST_IN_16_BITS else "int8"
        self._names = list(read)
        super().__init__(
            networks=[
                {
                    "name": name,
                    "layers": [
                        {"weight": pack(weight, kind), "bias": pack(bias, "float32")}
                        for weight, bias in layers
                    ],
                }
                for name, layers in read.items()
            ],
            images=pack(pixels.round(), "uint8"),
            labels=classes,
            mean=float(mean),
            std=float(std),
            quantile=float(stats.t.ppf(0.975, self._size - 1)) if self._size > 1 else 0.0,
        )

    def description(self) -> str:
        return (
            "Interactive figure (it needs JavaScript): a digit to drag, turn and scale, or draw, "
            f"what trained networks read in it, and the accuracy of {self._size} networks each of "
            f"{', '.join(self._names)} on {len(self.labels):,} test images moved like it."
        )


def _layers(name: str, network: Any, inputs: int) -> Layers:
    """Weights and biases of a population or of a list of layers, checked to fit one another."""
    given: Sequence[Any] = network
    if hasattr(network, "layers"):
        given = [
            (layer.weight.detach().cpu(), layer.bias.detach().cpu()) for layer in network.layers
        ]
    layers: Layers = []
    size: int | str = "networks"
    for number, (weight, bias) in enumerate(given, 1):
        where = f"networks[{name!r}] layer {number}"
        alone = np.ndim(weight) == 2
        weights, biases = (np.asarray(part)[None] if alone else part for part in (weight, bias))
        matrices = _shapes.array(f"{where} weight", weights, (size, "out", inputs))
        size, inputs = matrices.shape[:2]
        layers.append((matrices, _shapes.array(f"{where} bias", biases, (size, inputs))))
    if not layers:
        raise ValueError(f"networks[{name!r}] must have at least one layer")
    return layers

"""Chapter 4: move, turn and scale a digit, or draw one, and watch trained networks read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack

# Beyond so many weights in all, they are sent in 8 bits: three 784-100-10 networks, 0.3 MB.
_MOST_IN_16_BITS = 100_000

Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]


class DragDigit(Widget):
    """Images that the reader drags, turns and scales, or draws, while trained networks read them.

    Args:
        networks: name of up to three trained networks, each a plain :class:`fa_core.MLP`, or its
            layers as ``(weight [out, in], bias [out])`` from the input on; drawn in orange, blue
            and green in this order.
        images: ``[n, height, width]``, pixel values from 0 (background) to 255.
        labels: their classes, ``[n]``.
        mean, std: of the train set's pixels, as ``fa_core.data.load`` gives them.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "drag_digit.js"

    networks: traitlets.List[Any] = traitlets.List().tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    mean = traitlets.Float().tag(sync=True)
    std = traitlets.Float().tag(sync=True)

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
            for name, network in _shapes.named("networks", networks, 3).items()
        }
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
        )

    def description(self) -> str:
        return (
            "Interactive figure (it needs JavaScript): a digit to drag, turn and scale, or draw, "
            f"and what the trained networks {', '.join(self._names)} read in it."
        )


def _layers(name: str, network: Any, inputs: int) -> Layers:
    """Weights and biases of an MLP or of a list of layers, checked to fit one another."""
    given: Sequence[Any] = network
    if hasattr(network, "layers"):
        given = [
            (layer.weight.detach().cpu(), layer.bias.detach().cpu()) for layer in network.layers
        ]
    layers: Layers = []
    for number, (weight, bias) in enumerate(given, 1):
        where = f"networks[{name!r}] layer {number}"
        matrix = _shapes.array(f"{where} weight", weight, ("out", inputs))
        layers.append((matrix, _shapes.array(f"{where} bias", bias, (len(matrix),))))
        inputs = len(matrix)
    if not layers:
        raise ValueError(f"networks[{name!r}] must have at least one layer")
    return layers

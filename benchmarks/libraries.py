"""fa_core and BioTorch behind the same few functions, for benchmarks.outside."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

from torch import Tensor, nn

import fa_core as fa
from fa_core._matrices import fresh_std
from fa_core.metrics import alignment_angle
from fa_core.rules.rule import Matrices

Loss = Callable[[Tensor, Tensor], Tensor]
# BioTorch's names of the rules, where they differ.
NAMES = {
    "bp": "backpropagation",
    "sign-uniform": "usf",
    "sign-fixed": "frsf",
    "sign-batch": "brsf",
}


class Library:
    """What a comparison asks of a library; as it stands, fa_core."""

    name = "fa_core"

    def convert(self, net: Any, rule: str) -> nn.Module:
        """The network with the library's layers in it; ``net`` stays as it is."""
        return fa.convert(net, rule, outputs=net[-1].out_features)

    def forward(self, net: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
        """The output; some libraries ask for the loss beforehand."""
        return cast(Tensor, net(x))

    def layers(self, net: nn.Module) -> list[Any]:
        """Those with weights, the lowest first."""
        return [layer for layer in net.modules() if hasattr(layer, "weight")]

    def feedback(self, layer: Any) -> Tensor:
        """The tensor that the layer keeps beside its weight."""
        return cast(Tensor, layer.feedback)

    def carrier(self, layer: Any, rule: str) -> Tensor:
        """The matrix or kernels that carry the error, written out here as the rule says."""
        if rule == "bp":
            return cast(Tensor, layer.weight)
        if rule == "sign-uniform":
            return cast(Tensor, layer.weight.sign() * fresh_std(layer.weight))
        feedback = self.feedback(layer)
        return layer.weight.sign() * feedback.abs() if rule.startswith("sign") else feedback

    def angle(self, layer: Any, rule: str) -> Tensor:
        """The alignment that the library reports of the layer, degrees; here as in a history."""
        return alignment_angle(layer.weight, fa.rules.RULES[rule].carrier(Matrices.of(layer)))


class BioTorch(Library):
    """The same of BioTorch, where it is installed."""

    name = "BioTorch"

    def convert(self, net: Any, rule: str) -> nn.Module:
        from biotorch.module.biomodule import BioModule  # only here: it is optional

        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it converted
            converted: nn.Module = BioModule(
                deepcopy(net), NAMES.get(rule, rule), output_dim=net[-1].out_features
            )
        return converted

    def forward(self, net: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
        return cast(Tensor, net(x, y, loss))

    def feedback(self, layer: Any) -> Tensor:
        return cast(Tensor, layer.weight_backward)

    def carrier(self, layer: Any, rule: str) -> Tensor:
        # The others that transport signs keep the product of signs and sizes.
        return super().carrier(layer, rule if rule in ("bp", "sign-fixed") else "fa")

    def angle(self, layer: Any, rule: str) -> Tensor:
        return cast(Tensor, layer.compute_alignment())

    def same_size(self, net: nn.Module) -> None:
        """Gives the one size of sign-uniform that of fa_core, which is a choice."""
        for layer in self.layers(net):
            layer.scaling_factor = fresh_std(layer.weight)


OURS, THEIRS = Library(), BioTorch()

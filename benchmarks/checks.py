"""What a user may ask of the layers of a library, and how far each library is from it.

Each check measures a deviation from what is right, in float64 unless it says otherwise; networks
are of linear layers but for the padding.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import torch
from torch import nn

from benchmarks.comparison import (
    against_formula,
    batch,
    deviation,
    difference,
    differences,
    learn,
    plain,
    squares,
)
from benchmarks.libraries import Library
from fa_core.metrics import alignment_angle

RULES = ("bp", "fa", "dfa", "sign-uniform", "sign-fixed", "sign-batch")
WITH_FEEDBACK = RULES[1:]
KEPT = ("fa", "dfa", "sign-fixed")  # their feedback stays
BY_LAYER = ("fa", "sign-uniform", "sign-fixed", "sign-batch")  # it has the weight's shape


def state(library: Library, rule: str) -> float:
    """Of the feedback, read into another network."""
    net = plain()
    first, second = (library.convert(net, rule) for _ in range(2))
    second.load_state_dict(first.state_dict())
    return _feedback(library, first, second)


def steps(library: Library, rule: str) -> float:
    """Of the feedback, after three steps with weight decay."""
    net = plain()
    model = library.convert(net, rule).double()
    before = deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        learn(library, model, *batch(net, 5))
        optimizer.step()
    return _feedback(library, model, before)


def _feedback(library: Library, *nets: nn.Module) -> float:
    layers = zip(*map(library.layers, nets), strict=True)
    return max(difference(library.feedback(a), library.feedback(b)) for a, b in layers)


def copied(library: Library, rule: str) -> float:
    """Of a deep copy, made after a pass, from the formula."""
    net = plain()
    model = library.convert(net, rule).double()
    x, y = batch(net, 5)
    learn(library, model, x, y)
    return max(against_formula(library, rule, net, deepcopy(model), x, y).values())


def twice(library: Library, rule: str) -> float:
    """Of the gradients of a second pass from those of the first, with no update between."""
    net = plain()
    model = library.convert(net, rule).double()
    x, y = batch(net, 5)
    first = learn(library, model, x, y)
    first["weights"] = [gradient.clone() for gradient in first["weights"]]
    return max(differences(learn(library, model, x, y), first).values())


def last_layer(library: Library, rule: str) -> float:
    """Of the last layer's gradient from autograd's in the plain network."""
    net = plain()
    x, y = batch(net, 5)
    found = learn(library, library.convert(net, rule).double(), x, y)["weights"][-1]
    squares(net(x), y).backward()
    return difference(found, net[-1].weight.grad)


def angle(library: Library, rule: str) -> float:
    """Degrees between the angle reported and that of the matrix used; largest of the layers."""
    net = plain()
    model = library.convert(net, rule).double()
    learn(library, model, *batch(net, 5))
    return max(
        abs(float(library.angle(m, rule) - alignment_angle(m.weight, library.carrier(m, rule))))
        for m in library.layers(model)
    )


def circular(library: Library, rule: str) -> float:
    """Of the output from the plain network's, where a convolution pads by wrapping round."""
    net = plain("conv")
    net[0] = nn.Conv2d(2, 4, 3, stride=2, padding=1, padding_mode="circular").double()
    x, y = batch(net, 5)
    return difference(library.forward(library.convert(net, rule).double(), x, y, squares), net(x))


def without_bias(library: Library, rule: str) -> float:
    return deviation(library, rule, plain(bias=False), 5, to=torch.float64)


def three_dimensions(library: Library, rule: str) -> float:
    return deviation(library, rule, plain(), 5, 4, to=torch.float64)


def one_output(library: Library, rule: str) -> float:
    return deviation(library, rule, plain(outputs=1), 5, to=torch.float64)


def made_double(library: Library, rule: str) -> float:
    return deviation(library, rule, plain(), 5)


def moved(to: torch.dtype, library: Library, rule: str) -> float:
    return deviation(library, rule, plain().float(), 5, to=to)


# Name, what measures a deviation, the rules it is about, and the deviation that is still right.
CHECKS: tuple[tuple[str, Callable[[Library, str], float], tuple[str, ...], float], ...] = (
    ("last layer's gradient is backpropagation's", last_layer, RULES, 1e-10),
    ("layers without bias", without_bias, RULES, 1e-10),
    ("input of three dimensions", three_dimensions, RULES, 1e-10),
    ("one output unit", one_output, RULES, 1e-10),
    ("circular padding", circular, ("bp", *BY_LAYER), 1e-10),
    ("conversion of a float64 network", made_double, RULES, 1e-10),
    (".to(float64) after conversion", partial(moved, torch.float64), RULES, 1e-10),
    (".to(bfloat16) after conversion", partial(moved, torch.bfloat16), RULES, 0.05),
    ("state_dict keeps the feedback", state, WITH_FEEDBACK, 0),
    ("weight decay leaves the feedback alone", steps, KEPT, 0),
    ("deepcopy after a pass", copied, RULES, 1e-10),
    ("two passes without an update agree", twice, RULES, 1e-10),
    ("the angle reported is of the matrix used (degrees)", angle, BY_LAYER, 1e-3),
)

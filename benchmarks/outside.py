"""Layers and rules of fa_core beside those of BioTorch: python -m benchmarks.outside.

Both libraries turn the same plain network into one of their own. BioTorch is no requirement of the
project. Writes benchmarks/results/biotorch.json, which a page of the book shows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.checks import BY_LAYER, CHECKS, RULES, WITH_FEEDBACK
from benchmarks.comparison import batch, differences, learn, plain, squares
from benchmarks.libraries import OURS, THEIRS, Library
from fa_core.results import provenance
from fa_core.results.files import write_whole

INSTALL = "pip install --no-deps biotorch==0.0.16"


def gradients(rule: str, kind: str) -> dict[str, Any]:
    """fa_core beside BioTorch: the same weights, the same feedback, the same batch."""
    net = plain(kind)
    x, y = batch(net, 5)
    mine, other = OURS.convert(net, rule), THEIRS.convert(net, rule).double()
    THEIRS.same_size(other)
    theirs = learn(THEIRS, other, x, y)
    if rule != "bp":
        for a, b in zip(OURS.layers(mine), THEIRS.layers(other), strict=True):
            a.feedback.copy_(THEIRS.feedback(b))
    return {"rule": rule, "layer": kind} | differences(learn(OURS, mine, x, y), theirs)


def size(rule: str) -> float:
    """Norm of what carries the error in a fresh layer 784-100, BioTorch's over fa_core's."""
    net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    norms = []
    for library in (THEIRS, OURS):
        model = library.convert(net, rule)
        library.forward(model, torch.randn(2, 784), torch.randn(2, 10), squares)
        norms.append(library.carrier(library.layers(model)[0], rule).detach().norm())
    return float(norms[0] / norms[1])


def outcome(check: Callable[[], float], bound: float) -> str:
    """What happens: works, wrong by how much, or the error that is raised."""
    try:
        found = check()
    except Exception as error:  # whatever a library raises is the finding
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "works" if found <= bound else f"wrong by {found:.2g}"


def checked(library: Library) -> dict[str, dict[str, str]]:
    """Outcome by name of the check and rule; every one starts from the same random numbers."""
    result: dict[str, dict[str, str]] = {}
    for name, check, rules, bound in CHECKS:
        for rule in rules:
            torch.manual_seed(0)
            result.setdefault(name, {})[rule] = outcome(partial(check, library, rule), bound)
    return result


def main() -> None:
    if find_spec("biotorch") is None:
        sys.exit(f"BioTorch is not installed: {INSTALL} adds it, without what its models need")
    torch.manual_seed(0)
    kinds = {"linear": RULES, "conv": ("bp", *BY_LAYER)}
    result = {
        "versions": provenance.versions() | {"biotorch": version("biotorch")},
        "date": datetime.now(UTC).date().isoformat(),
        "gradients": [gradients(rule, kind) for kind, rules in kinds.items() for rule in rules],
        "sizes": {rule: size(rule) for rule in WITH_FEEDBACK},
        "checks": {library.name: checked(library) for library in (OURS, THEIRS)},
    }
    out = Path(__file__).parent / "results/biotorch.json"
    write_whole(out, json.dumps(result, indent=1) + "\n")
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

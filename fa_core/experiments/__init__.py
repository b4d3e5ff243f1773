"""One package for each chapter: what it trains (conditions), what it says (claims), figures.

``shared`` holds what they have in common. A tidy table has one row for each condition, step,
network and metric.
"""

from importlib import import_module
from pkgutil import iter_modules

from fa_core.experiments.shared.experiment import Experiment


def names() -> list[str]:
    """The experiments there are: one package each."""
    return [module.name for module in iter_modules(__path__) if module.name != "shared"]


def get(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        KeyError: there is none; names those there are.
    """
    if name not in names():
        raise KeyError(f"name must be one of {', '.join(names())}; got {name!r}")
    found: Experiment = import_module(f"{__name__}.{name}").experiment
    return found

"""One package for each chapter: what it trains (conditions), what it says (claims), figures.

``shared`` holds what they have in common. A tidy table has one row for each condition, step,
network and metric.
"""

from importlib import import_module
from pkgutil import iter_modules

from fa_core.experiments.shared.experiment import Experiment


def names() -> list[str]:
    """The experiments that chapters tell of: one package each."""
    return [module.name for module in iter_modules(__path__) if module.name != "shared"]


def every() -> list[Experiment]:
    """All experiments; each that chooses learning rates comes before the one that it serves."""
    told = [import_module(f"{__name__}.{name}").experiment for name in names()]
    return [found for one in told for found in (one.tuning, one) if found]


def get(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        KeyError: there is none; names those there are.
    """
    known = {experiment.name: experiment for experiment in every()}
    if name not in known:
        raise KeyError(f"name must be one of {', '.join(known)}; got {name!r}")
    return known[name]

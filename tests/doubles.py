"""An experiment that trains nothing, for tests of what keeps, shows and compares tables."""

import dataclasses
from collections.abc import Callable

import pandas as pd

from fa_core.experiments.shared.experiment import Experiment
from fa_core.results.findings import Findings


@dataclasses.dataclass(frozen=True)
class Config:
    networks: int = 3
    widths: tuple[int, ...] = (1, 2)
    seed: int = 0

    @classmethod
    def quick(cls):
        return cls()

    @classmethod
    def paper(cls):
        return cls(networks=4)


def table(condition: str = "FA", scale: float = 1.0) -> pd.DataFrame:
    """Numbers that grow with step and network."""
    rows = [
        (condition, step, network, metric, scale * (step + network / 7))
        for metric in ("loss", "accuracy")
        for step in (0, 10, 20)
        for network in range(3)
    ]
    return pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])


class Double(Experiment):
    """Has the attributes that others read of an experiment, and no conditions."""

    def __init__(
        self,
        name: str = "test",
        version: int = 1,
        parts: dict[str, Callable[[], pd.DataFrame]] | None = None,
        claims: Callable = lambda config, table: Findings([]),
        config: type = Config,
    ) -> None:
        told = {"name": name, "version": version, "Config": config, "claims": claims}
        told["tuning"] = None
        told["parts"] = lambda config, device="cpu": parts or {}
        for field, value in told.items():
            object.__setattr__(self, field, value)

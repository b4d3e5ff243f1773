"""An experiment: a name, a version, a config, what it trains and what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Part = Callable[[], pd.DataFrame]


@dataclass(frozen=True)
class Experiment:
    """An experiment as data.

    ``version`` is declared: raise it when a change moves the numbers of its tables, which are then
    computed anew. ``Config`` has the class methods ``quick()`` and ``paper()``.
    """

    name: str
    version: int
    Config: Any
    parts: Callable[..., dict[str, Part]]  # of (config, device): one function a condition
    claims: Callable[..., Any]  # of (config, table): findings

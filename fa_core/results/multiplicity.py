"""How many claims the book makes, and which verdicts survive that number.

Of a hundred claims that are all wrong, five would be supported at the 5 % level by chance alone.
Holm's correction keeps the chance of even one such verdict in the whole book below 5 %.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache

from fa_core import experiments
from fa_core.results.findings import Finding, Findings
from fa_core.results.store import published

LEVEL = 0.05


def holm(p: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of several hypotheses fall, all of them together at ``level`` (Holm 1979).

    >>> holm([0.01, 0.04, 0.02])
    [True, True, True]
    >>> holm([0.01, 0.04, 0.03])
    [True, False, False]
    """
    falls = [False] * len(p)
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] > level / (len(p) - rank):
            break
        falls[i] = True
    return falls


@cache
def paper_scale() -> dict[str, Findings]:
    """The findings of every experiment at paper scale, each knowing whether it survives Holm.

    An experiment whose table is not stored is missing.
    """
    found: dict[str, list[Finding]] = {}
    for name in experiments.names():
        experiment = experiments.get(name)
        config = experiment.Config.paper()
        if stored := published().load(experiment, config):
            found[name] = list(experiment.claims(config, stored.table))
    survives = iter(holm([finding.p for several in found.values() for finding in several]))
    return {
        name: Findings(dataclasses.replace(f, holm=next(survives)) for f in several)
        for name, several in found.items()
    }

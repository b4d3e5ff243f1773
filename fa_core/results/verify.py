"""Tables are trusted because one network of each part is computed again and compared.

A network is computed beside its neighbour, as a pair: products of two networks round almost as
those of twenty do, those of one do not, and training magnifies the difference. One thread does it,
for two would share the pair out, and each network would be alone.

A *deviation* is the difference of a number from the stored one, less what comes of storing four
digits, in standard deviations between the networks of the table.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch

from fa_core import _checks, experiments
from fa_core.data import DataNotFoundError
from fa_core.experiments.shared.experiment import Experiment
from fa_core.experiments.shared.starts import forget
from fa_core.results.store import Store
from fa_core.results.tables import ROW

ROUNDED = 5e-4  # relative difference that comes of storing 4 digits
# The limits below were measured: parts of all five tables were computed again on the machine that
# made them and with other vector instructions. The median deviation of a metric was at most 0.08,
# another network's is 0.7 or more.
TYPICAL = 0.2  # limit of a metric's median deviation
# One number that was changed stands out among those of its metric, which rounding moves together.
SHARE = 0.02  # relative difference from which one number can be off by itself
ALONE = 3.0  # so many times the next largest deviation of its metric; rounding never did that
LARGEST = 1.0  # limit of any number's deviation that is above SHARE; 0.34 was measured
# Some networks are chaotic: on noise of mean 3, and deep ones after noise, rounding grows until two
# computations of one network differ as two networks do. Whether it grew is measured, not assumed.
GROWN = 0.1  # deviation between two computations of the network that shows it


@dataclasses.dataclass(frozen=True)
class Verified:
    """What computing one network of a part again has shown; ``off`` is empty if it fits."""

    experiment: str
    part: str
    network: int | None = None  # None: its data are missing
    worst: float = 0.0  # the largest median deviation of a metric
    off: tuple[str, ...] = ()
    judged: str = ""

    def __str__(self) -> str:
        name = f"{self.experiment}: {self.part}"
        if self.network is None:
            return f"? {name}: not verified: {'; '.join(self.off)}"
        line = f"network {self.network}, worst median {self.worst:.3f} SD{self.judged}"
        sign = "✗" if self.off else "?" if "at no step" in self.judged else "✓"
        return f"{sign} {name}: {'; '.join([line, *self.off])}"


def deviations(stored: pd.DataFrame, network: int, again: pd.DataFrame) -> pd.DataFrame:
    """Both values of each number of the conditions in ``again``, and their deviation.

    Args:
        stored: a tidy table.
        network: number of the network in it that was computed again.
        again: tidy table of that network alone.

    Returns:
        A row for each number of either; a number that one of them lacks, or that differs where no
        two networks do, deviates infinitely.
    """
    spread = stored.groupby(ROW)["value"].std().rename("spread").reset_index()
    there = stored[(stored["network"] == network) & stored["condition"].isin(again["condition"])]
    there = there.merge(spread, on=ROW)[[*ROW, "value", "spread"]]
    here = again.dropna(subset="value")[[*ROW, "value"]]
    both = here.merge(there, "outer", ROW, suffixes=("", "_stored"), validate="one_to_one")
    apart = (both["value"] - both["value_stored"]).abs()
    beyond = (apart - ROUNDED * both["value_stored"].abs()).clip(lower=0)
    deviation = (beyond / both["spread"]).where(beyond > 1e-12, 0.0)
    both["deviation"] = deviation.where(apart.notna() & deviation.notna(), np.inf)
    both["share"] = (apart / both["value_stored"].abs()).fillna(np.inf)
    return both.sort_values(ROW)


def differences(both: pd.DataFrame) -> list[str]:
    """The metrics, and the single numbers, in which two networks are not the same.

    What cannot be seen: a number that changed by less than :data:`SHARE`, or by less than both
    :data:`LARGEST` and :data:`ALONE` times what rounding does to another number of its metric.
    """
    found = []
    for metric, rows in both.groupby("metric"):
        median = rows["deviation"].median()
        if not median <= TYPICAL:
            found.append(f"{metric}: off by {median:.2g} SD")
            continue
        largest, *others = sorted(rows["deviation"], reverse=True)
        row = rows.loc[rows["deviation"].idxmax()]
        if row["share"] > SHARE and largest > min(LARGEST, ALONE * max(others, default=0)):
            found.append(
                f"{metric} at step {row['step']:g}: {row['value_stored']:.4g} is stored, "
                f"{row['value']:.4g} came out"
            )
    return found


def compare(
    experiment: str,
    part: str,
    stored: pd.DataFrame,
    network: int,
    again: pd.DataFrame,
    twins: Callable[[], pd.DataFrame],
) -> Verified:
    """Judges one network of a part that was computed again; see :func:`deviations`.

    Where it is off, ``twins`` say whether rounding alone can do that: the same network computed
    again, once or several times, in products that round otherwise. Numbers from the record before
    the one at which they differ are then no evidence, and a change of one cannot be seen.
    """
    both, judged = deviations(stored, network, again), ""
    off = differences(both)
    worst = both.groupby("metric")["deviation"].median().max()
    if off:
        both = between_twins(both, twins())
        grown = both.loc[both["twins"] > GROWN, "step"]
        if len(grown):
            before = both.loc[both["step"] < grown.min(), "step"].max()  # NaN: from the start
            # What is missing or too much is off at any step: no rounding does that.
            early = both[(both["step"] < before) | np.isinf(both["deviation"])]
            off = differences(early)
            worst = early["deviation"].max() if len(early) else 0.0
            until = f"before step {before:g} alone" if before > both["step"].min() else "at no step"
            judged = (
                f"; judged {until}: rounding grows, two computations of it differ by up to "
                f"{both['twins'].max():.2g} SD"
            )
    return Verified(experiment, part, network, worst, tuple(off), judged)


def between_twins(both: pd.DataFrame, twins: pd.DataFrame) -> pd.DataFrame:
    """``both`` with a column ``twins``: how far other computations lie at most, in its unit."""
    joined = both.merge(twins[[*ROW, "value"]], "left", ROW, suffixes=("", "_twin"))
    joined["apart"] = (joined["value"] - joined["value_twin"]).abs()
    farthest = joined.groupby(ROW)["apart"].max().reset_index()
    found = both.merge(farthest, "left", ROW)
    apart = found.pop("apart")
    return found.assign(twins=(apart / found["spread"]).where(apart > 1e-12, 0.0))


def recompute(
    experiment: Experiment, part: str, network: int, networks: int = 2, threads: int = 1
) -> pd.DataFrame:
    """One network of a part at paper scale, computed on the CPU, beside its neighbour or alone.

    Raises:
        DataNotFoundError: the part's data are not at hand.
    """
    config = experiment.Config.paper()
    few = dataclasses.replace(config, networks=networks, seed=config.seed + network)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        table = experiment.parts(few, "cpu")[part]()
    finally:
        torch.set_num_threads(before)
    return table[table["network"] == 0]


def _twins(experiment: Experiment, part: str, network: int) -> pd.DataFrame:
    """The network alone, with one thread and with two: each way rounds its products otherwise."""
    found = []
    for threads in (1, 2):
        forget()  # the noise training, too, must round otherwise
        found.append(recompute(experiment, part, network, 1, threads))
    forget()
    return pd.concat(found)


def verify_part(experiment: Experiment, part: str, table: pd.DataFrame, network: int) -> Verified:
    """Computes one network of a part again and compares it with the stored table."""
    try:
        again = recompute(experiment, part, network)
    except DataNotFoundError as error:
        return Verified(experiment.name, part, off=(str(error).splitlines()[0],))
    twins = partial(_twins, experiment, part, network)
    return compare(experiment.name, part, table, network, again, twins)


def verify(
    store: Store,
    sample: int | None = None,
    seed: int | None = None,
    report: Callable[[str], None] = print,
) -> bool:
    """Computes one network of every part of every table at paper scale again, and compares.

    Args:
        store: holds the tables.
        sample: only so many parts, drawn at random among those whose data are at hand.
        seed: of what is drawn: the network of each table and, with ``sample``, the parts. Drawn
            anew each time if it is ``None``.
        report: is told the seed, then one line a part.

    Returns:
        True if no part is off, no table is missing and, without ``sample``, no part's data are
        missing.
    """
    if sample is not None:
        _checks.integer("sample", sample, 1)
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    choose = random.Random(_checks.integer("seed", seed, 0))
    report(f"seed {seed}")
    fits, tasks = True, []
    for experiment in experiments.every():
        config = experiment.Config.paper()
        # One for all parts of a table: those that begin with the same noise share it.
        network = choose.randrange(config.networks - 1)
        if stored := store.load(experiment, config):
            parts = experiment.parts(config, "cpu")
            tasks += [(experiment, part, stored.table, network) for part in parts]
        else:
            report(f"✗ {experiment.name}: no table of this version and configuration is stored")
            fits = False
    if sample is not None:
        choose.shuffle(tasks)
    computed = 0
    for task in tasks:
        result = verify_part(*task)
        report(str(result))
        computed += result.network is not None
        fits &= not result.off or (result.network is None and sample is not None)
        if computed == sample:
            break
    report(f"{computed} of {len(tasks)} parts verified")
    return fits and computed > 0

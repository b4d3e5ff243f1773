"""What chapter 3 reads off its table: ranks, gaps, gaps at one train loss, findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from scipy import stats

from fa_core.experiments.low_rank.conditions import NOISE, Config
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results import samples
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, curve, last, spectra, where_reached

NEAR_CHANCE = 0.05  # from 1/K, the mean over inputs and classes; our margin, the paper names none
_FEW = 10  # the largest tenth of the singular values are few


def gap(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Generalisation gap (nats) at each record: test loss less train loss."""
    return curve(table, condition, "loss") - curve(table, condition, "train_loss")


def last_gap(table: pd.DataFrame, condition: str) -> pd.Series[float]:
    """Of each network, after the last data step."""
    return gap(table, condition).iloc[-1]


def gap_at(table: pd.DataFrame, condition: str, level: pd.Series[float]) -> pd.Series[float]:
    """The gap where each network's train loss first falls to its own ``level``.

    Between two records the gap is taken as linear in the logarithm of the train loss: on that axis
    it is close to a straight line.
    """
    # Progress rises where a loss falls.
    progress = -np.log(curve(table, condition, "train_loss"))
    return where_reached(gap(table, condition), progress, -np.log(level))


def shared_level(table: pd.DataFrame, *names: str) -> pd.Series[float]:
    """The lowest train loss that all of these conditions reach, for each network."""
    return pd.concat([curve(table, name, "train_loss").min() for name in names], axis=1).max(axis=1)


def matched_gaps(table: pd.DataFrame, *names: str) -> list[pd.Series[float]]:
    """The gap of each condition at the lowest train loss that all of them reach."""
    level = shared_level(table, *names)
    return [gap_at(table, name, level) for name in names]


def rank_and_gap(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Of each noise-trained FA network: rank of W₁ before data, gap at one train loss for all."""
    name = "noise then FA"
    level = curve(table, name, "train_loss").min()
    same = pd.Series(level.max(), index=level.index)
    return at(table, name, "weight_rank_1", 0), gap_at(table, name, same)


def leading_share(table: pd.DataFrame, step: int) -> pd.Series[float]:
    """Per cent of the sum of W₁'s singular values that their largest tenth holds, on noise."""
    values = spectra(table, NOISE, layer=1).loc[step]
    return 100 * values.loc[: max(1, len(values) // _FEW)].sum() / values.sum()


def over_variants(prefixes: Iterable[str], read: Callable[[str], pd.Series[float]]) -> pd.DataFrame:
    """What noise adds to a reading of FA: a row for each variant, a column for each network."""
    return pd.DataFrame({p: read(f"{p}noise then FA") - read(f"{p}FA") for p in prefixes}).T


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each number of images and layers: FA after data, without noise and with it."""
    variants = {f"{n} images, {config.depth} layers": p for n, p in config.sizes().items()}
    variants |= {f"{config.images} images, {d} layers": p for d, p in config.depths().items()}
    readings: dict[str, Callable[[str], pd.Series[float]]] = {
        "gap (nats)": lambda name: last_gap(table, name),
        "train loss (nats)": lambda name: last(table, name, "train_loss"),
        "rank of the Gram matrix": lambda name: last(table, name, "gram_rank"),
    }
    ways = {"no noise": "FA", "noise": "noise then FA"}
    rows = {
        title: {
            (what, way): read(f"{prefix}{name}").mean()
            for what, read in readings.items()
            for way, name in ways.items()
        }
        for title, prefix in variants.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def correlation(
    claim: str, x: pd.Series[float], y: pd.Series[float], *, key: str = "", **bounds: float
) -> Finding:
    """Pearson's correlation over networks with Fisher's 95 % interval, as a finding."""
    found = stats.pearsonr(x, y)
    low, high = found.confidence_interval(0.95)
    expected = (bounds.get("above", -math.inf), bounds.get("below", math.inf))
    r, n = float(found.statistic), len(x)

    def tail(distance: float) -> float:  # of Fisher's z
        return float(stats.norm.sf(distance * math.sqrt(n - 3)))

    above, below = (math.atanh(b) if abs(b) < 1 else b for b in expected)
    p = samples.p_of_region(math.atanh(r), above, below, tail)
    return Finding(claim, r, "correlation", low, high, n, expected, p, key)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    return Findings([*_of_the_paper(config, table), *_of_ours(table)])


def _of_the_paper(config: Config, table: pd.DataFrame) -> Iterator[Finding]:
    difference, noise = Finding.of_difference, config.noise_steps

    def gaps(name: str) -> pd.Series[float]:
        return last_gap(table, name)

    def gram_ranks(name: str) -> pd.Series[float]:
        return last(table, name, "gram_rank")

    yield difference(
        "After data, the generalisation gap of FA is smaller after noise than without it.",
        *(gaps("noise then FA"), gaps("FA"), "nats"),
        below=0,
        key="gap-at-the-end",
        paper="Fig. 4e",
        primary=True,
    )
    yield Finding.of_mean(
        "After data, FA's mean gap over all numbers of images is smaller after noise.",
        *(over_variants(config.sizes().values(), gaps).mean(), "nats"),
        below=0,
        key="gap-over-sizes",
        paper="Fig. 4f",
    )
    yield difference(
        "After data, the effective rank of FA's Gram matrix is lower after noise than without it.",
        *(gram_ranks("noise then FA"), gram_ranks("FA"), "effective rank"),
        below=0,
        key="gram-rank-lower",
        paper="Fig. 4g",
    )
    yield Finding.of_mean(
        "After data, that rank is lower after noise at each network's least favourable number of "
        "layers.",
        *(over_variants(config.depths().values(), gram_ranks).max(), "effective rank"),
        below=0,
        key="gram-rank-lower-at-depths",
        paper="Fig. 4h",
    )
    yield Finding.of_mean(
        f"After noise, readout probabilities lie less than {NEAR_CHANCE} from 1/K, on average over "
        "inputs and classes (our margin).",
        *(at(table, NOISE, "readout_distance", noise), "of probability"),
        below=NEAR_CHANCE,
        key="readouts-near-chance",
        paper="Fig. 4b",
    )
    yield difference(
        "Under FA, noise raises the largest tenth's share of the sum of W₁'s singular values.",
        *(leading_share(table, noise), leading_share(table, 0), "percentage points"),
        above=0,
        key="few-values-dominate",
        paper="Fig. 4c",
    )
    lowered = [
        at(table, NOISE, f"weight_rank_{layer}", noise)
        - at(table, NOISE, f"weight_rank_{layer}", 0)
        for layer in range(1, config.depth + 1)
    ]
    yield Finding.of_mean(
        "Under FA, noise lowers the effective rank of every weight matrix: its least favourable "
        "change is below 0.",
        *(pd.concat(lowered, axis=1).max(axis=1), "effective rank"),
        below=0,
        key="noise-lowers-rank",
        paper="Fig. 4d",
    )


def _of_ours(table: pd.DataFrame) -> Iterator[Finding]:
    fa, noisy, bp, noisy_bp = MAIN
    yield Finding.of_difference(
        "After data, the gap of FA is smaller from a quiet readout than after noise.",
        *(last_gap(table, QUIET), last_gap(table, noisy), "nats"),
        below=0,
        key="quiet-gap-at-the-end",
    )
    for key, claim, pair in (
        ("", "FA has a smaller gap after noise than without it", (noisy, fa)),
        ("-quiet", "FA has a smaller gap after noise than from a quiet readout", (noisy, QUIET)),
        ("-bp", "BP has a smaller gap after noise than without it", (noisy_bp, bp)),
    ):
        yield Finding.of_difference(
            f"At the same train loss, {claim}.",
            *(*matched_gaps(table, *pair), "nats"),
            below=0,
            key=f"gap-matched{key}",
        )
    yield correlation(
        "Networks with a lower rank of W₁ after noise have a smaller gap at the same train loss.",
        *rank_and_gap(table),
        above=0,
        key="rank-goes-with-gap",
    )

"""The stored tables at paper scale: all there, small, current, and what the code computes again."""

import dataclasses
import random
from functools import partial

import pandas as pd
import pytest

from fa_core import cli, data
from fa_core.data import DataNotFoundError
from fa_core.results.store import published

ROW = ["condition", "metric", "step"]
FOLDER = published().folder
TABLES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")
LIMIT = 300_000  # bytes of a file
# Products of two networks round almost as those of twenty do, those of one do not, and training
# magnifies the difference. Measured on each part of each table, in standard deviations between
# networks: the median row of a metric differs by at most 0.04 (0.2 for a network alone), another
# network's by 0.7 or more.
TOLERANCE = 0.2  # standard deviations, for the median row of each metric
ROUNDED = 5e-4  # relative difference that comes of storing 4 digits

pytestmark = pytest.mark.book


def paper(name):
    return cli.experiment(name).Config.paper()


def chaotic(part: str) -> bool:
    """Rounding moves deep networks after noise, and those on noise of another mean, by 0.1 to 0.7.

    In standard deviations again; the same network could not be told from another.
    """
    return "layers: noise" in part or part.startswith("mean ")


def disagreeing(table: pd.DataFrame, network: int, again: pd.DataFrame) -> list[str]:
    """Metrics in which a network of a table is not the one that was computed again."""
    spread = table.groupby(ROW)["value"].std().rename("spread").reset_index()
    stored = table[table["network"] == network].merge(spread, on=ROW)
    again = again.dropna(subset="value")
    both = again.merge(stored, on=ROW, how="left", suffixes=("", "_stored"), validate="one_to_one")
    off = (both["value"] - both["value_stored"]).abs() - ROUNDED * both["value"].abs()
    # As many deviations; a row that is missing, or differs where no network does, is far off.
    deviations = (off / both["spread"]).where(off > 1e-12, 0.0).where(off.notna(), float("inf"))
    medians = deviations.groupby(both["metric"]).median()
    return [f"{metric}: off by {m:.2g}" for metric, m in medians.items() if m > TOLERANCE]


@pytest.mark.parametrize("name", cli.names())
def test_every_experiment_has_a_table_of_this_code_and_configuration(name):
    stored = published().load(name, paper(name))
    assert stored, f"{name} has no current table; make results computes it"
    assert stored.record["networks"] == paper(name).networks
    # Only there a network can be computed again alone: on a GPU one stream serves all.
    assert stored.record["device"].startswith("cpu")


def test_no_other_file_lies_there():
    current = [published().load(name, paper(name)) for name in cli.names()]
    stale = set(TABLES) - {result.path for result in current if result}
    assert not stale, "of other code or another configuration; make results replaces them"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_table_is_small(path):
    assert path.stat().st_size < LIMIT


def test_one_network_of_one_table_comes_out_again(monkeypatch):
    """Chosen anew each time among the parts whose data are at hand."""
    monkeypatch.setattr(data, "load", partial(data.load, download=False))
    found = {name: published().load(name, paper(name)) for name in cli.names()}
    parts = [
        (result, name, part)
        for name, result in found.items()
        if result
        for part in cli.experiment(name).parts(paper(name), "cpu")
        if not chaotic(part)
    ]
    if not parts:
        pytest.skip("no current table is stored")
    seed = random.SystemRandom().randrange(10**6)
    choose = random.Random(seed)
    choose.shuffle(parts)
    for result, name, part in parts:  # those of chapter 1 need no data
        config = paper(name)
        network = choose.randrange(config.networks - 1)
        pair = dataclasses.replace(config, networks=2, seed=config.seed + network)
        try:
            again = cli.experiment(name).parts(pair, "cpu")[part]()
        except DataNotFoundError:
            continue
        chosen = f"seed {seed}: network {network} of {name}, {part}"
        print(chosen)
        assert not disagreeing(result.table, network, again[again["network"] == 0]), chosen
        return
    pytest.fail("no part could be computed")


@pytest.fixture(scope="module")
def small():
    """A population of chapter 1, cut down, and one of its networks computed alone."""
    module = cli.experiment("alignment")
    sizes = {"steps": 200, "long_steps": 200, "records": 10}
    config = dataclasses.replace(module.Config.quick(), **sizes)
    one = dataclasses.replace(config, networks=1, seed=config.seed + 5)
    return module.parts(config)["FA"](), module.parts(one)["FA"]()


def test_the_comparison_knows_a_network_from_its_neighbours(small):
    table, alone = small
    assert disagreeing(table, 5, alone) == []
    for other in set(range(8)) - {5}:
        assert disagreeing(table, other, alone)


def test_the_comparison_sees_what_is_missing_or_was_changed(small):
    table, alone = small
    metric = table["metric"] == "alignment_angle_2"
    assert disagreeing(table[~metric], 5, alone) == ["alignment_angle_2: off by inf"]
    changed = table.assign(value=table["value"].where(~metric, table["value"] + 1))
    assert len(disagreeing(changed, 5, alone)) == 1

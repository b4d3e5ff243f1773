"""Widgets of the chapters that show stored curves: those of the table at paper scale, and small."""

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
from test_book_widgets import unpack

from fa_core import experiments
from fa_core.results.store import Store, at_paper_scale
from fa_core.results.tables import curve, steps_to
from fa_core.show import two_scales
from fa_core.show.two_scales import TwoScales
from fa_core.widgets._widget import Widget, _jsonable

BOOK = Path(__file__).resolve().parent.parent / "book"
ROWS = pd.DataFrame(
    [("FA", 0, 0, "loss", 1.0)], columns=["condition", "step", "network", "metric", "value"]
)


def stored(name: str) -> pd.DataFrame:
    return at_paper_scale(experiments.get(name))[1]


def shown(chapter: str, kind: str) -> Widget:
    """The widget that a chapter's own cell makes, after a quick run of which it shows nothing."""
    notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    names = {"profile": "quick"}
    set_up = next(number for number, cell in enumerate(cells) if "import TwoScales" in cell)
    for cell in cells[1 : set_up + 1]:  # the first is Colab's
        exec(cell, names)
    names["both"] = TwoScales(names["experiment"], names["config"], ROWS)
    *statements, last = ast.parse(next(cell for cell in cells if f"import {kind}" in cell)).body
    exec(compile(ast.Module(statements, []), chapter, "exec"), names)
    widget = eval(compile(ast.Expression(last.value), chapter, "eval"), names)
    assert "on mnist" in widget.source and "n = 20 networks" in widget.source
    assert len(widget.to_html()) < 100_000
    return widget


def test_race_runs_at_paper_scale_with_its_noise_and_the_quiet_readout():
    table = stored("learning_speed")
    race = shown("02-learning-speed", "Race")
    conditions = ["FA", "noise then FA", "BP", "quiet readout, FA"]
    for runner, condition in zip(_jsonable(race.runners), conditions, strict=True):
        found = pd.DataFrame(unpack(runner["data"]["accuracy"]).T, runner["data"]["steps"])
        np.testing.assert_allclose(found, curve(table, condition, "accuracy"), rtol=1e-6)
        noise = runner["noise"] and unpack(runner["noise"]["accuracy"])
        if condition == "noise then FA":
            np.testing.assert_allclose(noise.T, curve(table, "noise: FA", "accuracy"), rtol=1e-6)
            np.testing.assert_allclose(noise[:, -1], found.loc[0], rtol=1e-6)
            assert (
                runner["noise"]["steps"][-1]
                == experiments.get("learning_speed").Config.paper().noise_steps
            )
        else:
            assert noise is None


def test_race_tells_the_steps_that_the_findings_count(show):
    page = show(shown("02-learning-speed", "Race"))
    row = page.locator(".wd-table tbody tr").first.inner_text()
    steps = steps_to(stored("learning_speed"), "FA", 0.9).median()
    assert f"{round(steps):,}" in row


def test_spectrum_shows_the_ranks_of_the_stored_table():
    table = stored("low_rank")
    widget = shown("03-low-rank", "SingularSpectrum")
    assert widget.names == ["FA", "noise then FA", "BP", "quiet readout"]
    data = [step >= 0 for step in widget.steps]
    quiet = curve(table, "quiet readout, FA", "weight_rank_3")[0]
    np.testing.assert_allclose(np.array(widget.ranks[0])[data], quiet)
    for name, packed in zip(widget.names, _jsonable(widget.spectra), strict=False):
        shares = unpack(packed) / unpack(packed).sum(1, keepdims=True)
        ranks = np.exp(-(shares * np.log(shares)).sum(1))[data]
        np.testing.assert_allclose(
            ranks, curve(table, name, "weight_rank_3")[0].loc[quiet.index], rtol=1e-3
        )


def test_adaptation_shows_the_losses_of_the_stored_table():
    table = stored("meta_loss")
    widget = shown("05-meta-loss", "Adaptation")
    assert (widget.start, widget.steps[-1]) == (8000, 100)
    starts = {"BP": "BP", "quiet readout": "quiet readout, FA"}
    for number, task in enumerate(widget.tasks):
        noisy = unpack(_jsonable(widget.losses[number]))
        for row, start in ((0, "FA"), (widget.noise_steps.index(8000), "8000 noise steps then FA")):
            mean = curve(table, f"{task}: {start}", "loss").loc[:100].mean(axis=1)
            np.testing.assert_allclose(noisy[row], mean, rtol=1e-6)
        for other, start in zip(widget.others, starts.values(), strict=True):
            mean = curve(table, f"{task}: {start}", "loss").loc[:100].mean(axis=1)
            np.testing.assert_allclose(unpack(_jsonable(other["losses"]))[number], mean, rtol=1e-6)
    assert [other["name"] for other in widget.others] == list(starts)


def test_without_a_stored_table_widgets_show_the_run_of_now(tmp_path, monkeypatch):
    monkeypatch.setattr(two_scales, "published", lambda: Store(tmp_path))
    experiment = experiments.get("low_rank")
    config, table, source = TwoScales(experiment, experiment.Config.quick(), ROWS).largest()
    assert config == experiment.Config.quick()
    assert "This run: low_rank on digits; n = 1 networks" in source
    pd.testing.assert_frame_equal(table, ROWS)

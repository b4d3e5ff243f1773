"""The comparison with another library finds a wrong gradient, and its page shows what is stored."""

import io
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import torch

from fa_core.results import store

# Of the checkout alone: the package comes without it.
outside = pytest.importorskip("benchmarks.outside", reason="benchmarks/ is not here")
checks = pytest.importorskip("benchmarks.checks", reason="benchmarks/ is not here")
comparison = pytest.importorskip("benchmarks.comparison", reason="benchmarks/ is not here")
libraries = pytest.importorskip("benchmarks.libraries", reason="benchmarks/ is not here")

# pytestmark = pytest.mark.book
OURS = libraries.OURS
ROOT = Path(__file__).resolve().parent.parent
STORED = json.loads((ROOT / "benchmarks/results/biotorch.json").read_text())
PAGE = nbformat.read(ROOT / "book/outside-truth.ipynb", as_version=4)


@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_the_formula_is_backpropagation_where_the_weights_carry_the_error(kind):
    net = comparison.plain(kind)
    x, y = comparison.batch(net, 5)
    weights = [net[0].weight.detach(), net[-1].weight.detach()]
    plain = comparison.learn(OURS, net, x, y)  # torch's own layers
    right = comparison.formula(net, x, y, weights, direct=False)
    assert max(comparison.differences(plain, right).values()) < 1e-12
    other = comparison.formula(net, x, y, [weights[0], -weights[1]], direct=False)
    found = comparison.differences(plain, other)
    assert found["output"] < 1e-12 < 0.1 < min(found["weights"], found["error"])


def test_the_largest_difference_is_relative_to_the_largest_value():
    right = torch.tensor([1.0, -4.0])
    assert comparison.difference(torch.tensor([3.0, -4.0]), right) == 0.5


class Faulty(libraries.Library):
    """Every rule is backpropagation, whatever it says."""

    def convert(self, net, rule):
        return super().convert(net, "bp")


def test_a_check_says_what_works_what_is_wrong_and_what_is_raised():
    every = {name: check for name, check, *_ in checks.CHECKS}
    check = every["layers without bias"]
    assert outside.outcome(lambda: check(OURS, "fa"), 1e-10) == "works"
    assert outside.outcome(lambda: check(Faulty(), "fa"), 1e-10).startswith("wrong by ")
    said = outside.outcome(lambda: OURS.convert(comparison.plain("conv"), "dfa"), 0)
    assert said.startswith("ValueError: ")


def test_every_check_works_here():
    assert outside.checked(OURS) == STORED["checks"]["fa_core"]
    outcomes = {o for by_rule in STORED["checks"]["fa_core"].values() for o in by_rule.values()}
    assert outcomes == {"works"}


def test_every_rule_and_check_is_stored_and_the_gradients_agree():
    assert {row["rule"] for row in STORED["gradients"]} == set(checks.RULES)
    assert all(
        row[k] < 1e-10 for row in STORED["gradients"] for k in ("output", "weights", "error")
    )
    expected = {name: set(rules) for name, _, rules, _ in checks.CHECKS}
    theirs = STORED["checks"]["BioTorch"]
    assert {name: set(by_rule) for name, by_rule in theirs.items()} == expected


def test_without_biotorch_the_command_says_how_to_add_it(monkeypatch):
    monkeypatch.setattr(outside, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=re.escape(outside.INSTALL)):
        outside.main()
    assert any(outside.INSTALL in cell.source for cell in PAGE.cells)


def shown(monkeypatch, folder: Path) -> str:
    """What the page displays of the numbers in a folder, as HTML and Markdown."""
    monkeypatch.setattr(store, "shipped", lambda name: folder)
    outputs: list[str] = []

    def display(it):
        outputs.append(it.to_html() if isinstance(it, pd.DataFrame) else it.data)

    names = {"display": display}
    for cell in [cell for cell in PAGE.cells if cell.cell_type == "code"][1:]:
        exec(cell.source, names)
    return "\n".join(outputs)


def test_the_page_shows_the_stored_numbers(monkeypatch, tmp_path):
    text = shown(monkeypatch, ROOT / "benchmarks/results")
    assert STORED["versions"]["biotorch"] in text and STORED["date"] in text
    tables = pd.read_html(io.StringIO(text), flavor="html5lib", index_col=0, header=0)
    (told,) = [table for table in tables if "fa" in table.columns]
    for name, by_rule in STORED["checks"]["BioTorch"].items():
        for rule, outcome in by_rule.items():
            right = outcome.removeprefix("wrong by ") if "wrong" in outcome else "raises"
            assert told.loc[name, rule] == ("✓" if outcome == "works" else right)
    assert all(f"{ratio:.3f}" in text for ratio in STORED["sizes"].values())
    other = json.loads(json.dumps(STORED))
    other["gradients"][0]["weights"] = 0.123
    (tmp_path / "biotorch.json").write_text(json.dumps(other))
    assert "largest of all is 0.12" in shown(monkeypatch, tmp_path)


def test_the_text_explains_each_check_in_which_biotorch_differs_and_no_other():
    text = "\n".join(cell.source for cell in PAGE.cells if cell.cell_type == "markdown")
    explained = set(re.findall(r"^- \*(.+?)\*: ", text, re.MULTILINE))
    theirs = STORED["checks"]["BioTorch"]
    assert explained == {
        name for name, by_rule in theirs.items() if {*by_rule.values()} != {"works"}
    }

"""Tabs hold what they are given, for eyes, ears, printers and programs; a run beside its paper."""

import base64
import dataclasses
import re

import html5lib
import pandas as pd
import pytest
from doubles import Config, Double, table
from matplotlib.figure import Figure

from fa_core.results.findings import MIME_TYPE, Finding, Findings
from fa_core.results.store import Store
from fa_core.show import two_scales
from fa_core.show.tabs import Folded, Tabs
from fa_core.show.two_scales import TwoScales

ONE, TWO = (
    Findings([Finding.of_mean(f"Claim <{name}>.", [1, 2, 3], "steps", above=0)]) for name in "ab"
)
PICTURE = re.compile(r'<svg role="img" aria-label="([^"]*)"')


def tree(tabs):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(
        tabs.to_html()
    )


def test_each_tab_is_a_labelled_radio_button_before_its_panel():
    (fieldset,) = tree(Tabs({"now": ["a & b"], "then": ["c", TWO]}, "Scale")).findall("fieldset")
    tags = [element.tag for element in fieldset]
    assert tags == ["legend", *["input", "label", "div"] * 2]
    assert fieldset[0].text == "Scale"
    buttons, labels = fieldset.findall("input"), fieldset.findall("label")
    assert [button.get("id") for button in buttons] == [label.get("for") for label in labels]
    assert [label.text for label in labels] == ["now", "then"]
    assert len({button.get("name") for button in buttons}) == 1
    assert [button.get("value") for button in buttons] == ["now", "then"]
    assert ["checked" in button.attrib for button in buttons] == [True, False]
    assert fieldset.findall("div")[0].find("p").text == "a & b"
    assert fieldset.findall("div")[1].find("div/table") is not None


def test_buttons_of_two_outputs_never_form_one_group():
    tabs = Tabs({"one": ["text"]})
    names = {element.get("name") for _ in range(2) for element in tree(tabs).iter("input")}
    assert len(names) == 2


def test_a_figure_is_a_picture_with_its_text():
    html = Tabs({"one": [(Figure(), 'A "rising" line')]}).to_html()
    assert PICTURE.findall(html) == ["A &quot;rising&quot; line"]


def test_what_shows_no_html_shows_the_first_figure():
    tabs = Tabs({"one": ["text", (Figure(), "A line")], "two": [(Figure(), "Another")]})
    assert base64.b64decode(tabs._repr_mimebundle_()["image/png"]).startswith(b"\x89PNG")
    assert "image/png" not in Tabs({"one": ["text"]})._repr_mimebundle_()


def test_a_folded_text_is_there_for_who_opens_it():
    tabs = Tabs({"one": [Folded("a < b", "c & d")]})
    details = tree(tabs).find("fieldset/div/details")
    assert [element.text for element in details] == ["a < b", "c & d"]
    assert "open" not in details.attrib and repr(tabs) == "[one]\nc & d"


def test_as_text_a_figure_is_what_its_alternative_says():
    assert repr(Tabs({"one": [(Figure(), "A rising line")]})) == "[one]\nFigure: A rising line"


def test_a_table_is_a_table_that_keys_can_scroll():
    tabs = Tabs({"one": [pd.DataFrame({"a < b": [0.25, -2504.3]}, index=["row", "other"])]})
    panel = tree(tabs).find("fieldset/div/div")
    assert panel.get("tabindex") == "0"
    assert panel.find("table/thead/tr/th[2]").text == "a < b"
    assert [cell.text for cell in panel.iter("td")] == ["0.25", "−2,500"]
    assert "0.25" in repr(tabs)


@pytest.mark.parametrize(
    "tabs, error, message",
    [
        ({}, ValueError, "tabs must hold at least one tab"),
        ({"one": [(Figure(), " ")]}, ValueError, "a figure needs a text alternative"),
        ({"one": [Figure()]}, TypeError, "tabs hold text, tables, findings, or a figure"),
        ({"one": [(Figure(),)]}, TypeError, "tabs hold text, tables"),
        ({"one": [(Figure(), 3)]}, TypeError, "tabs hold text, tables"),
        ({"one": [("text", "text")]}, TypeError, "tabs hold text, tables"),
        ({"one": "text"}, TypeError, "tabs must map a title to a list of items, got 'one': 'text'"),
        ({"one": 3}, TypeError, "tabs must map a title to a list of items, got 'one': 3"),
        ({1: ["text"]}, TypeError, "tabs must map a title to a list of items, got 1"),
        (["text"], TypeError, "tabs must be a mapping"),
    ],
)
def test_what_cannot_be_shown_to_everyone_is_refused(tabs, error, message):
    with pytest.raises(error, match=message):
        Tabs(tabs)


def test_numbers_of_a_column_have_the_same_decimals_and_an_interval_is_set_apart():
    frame = pd.DataFrame(
        {
            "angle": [40.0, 48.4, -7.126],
            "steps": [2504.0, 28.0, 3.0],
            ("a", "pair"): ["lower by 1.17 (1.14 to 1.2)", "73.1 (72.6 to 73.6)", "2"],
        }
    )
    page = Tabs({"now": [frame]}).to_html()
    cells = re.findall("<td>(.*?)</td>", page)
    assert cells[0::3] == ["40.00", "48.40", "−7.13"]
    assert cells[1::3] == ["2,500", "28", "3"]
    assert cells[2] == (
        'lower by <strong>1.17</strong> <span class="interval">(1.14 to 1.2)</span>'
    )
    assert cells[5] == '<strong>73.1</strong> <span class="interval">(72.6 to 73.6)</span>'
    assert cells[8] == "2"


def test_programs_read_the_findings_of_one_tab_alone():
    bundle = Tabs({"now": ["text", ONE], "then": [TWO]})._repr_mimebundle_()
    assert [row["claim"] for row in bundle[MIME_TYPE]] == ["Claim <a>."]
    assert "Claim <b>." in bundle["text/plain"]
    assert MIME_TYPE not in Tabs({"now": ["text"], "then": [TWO]})._repr_mimebundle_()
    bundle = Tabs({"now": [ONE], "then": [TWO]}, for_programs="then")._repr_mimebundle_()
    assert [row["claim"] for row in bundle[MIME_TYPE]] == ["Claim <b>."]
    with pytest.raises(KeyError, match="later"):
        Tabs({"now": [ONE]}, for_programs="later")


def draw(config, table):
    figure = Figure()
    figure.suptitle(f"{config.networks} networks, {len(table)} rows")
    return figure


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(two_scales, "published", lambda: Store(tmp_path))
    return Store(tmp_path)


EXPERIMENT = Double(claims=lambda config, table: ONE if config.networks == 3 else TWO)


def test_without_a_stored_table_the_second_tab_says_how_to_make_it(store):
    both = TwoScales(EXPERIMENT, Config(), table())
    text = str(both.findings())
    assert text.startswith("[This run]\n? undecided: Claim <a>.")
    assert "\ntest on noise; n = 3 networks; cpu (" in text
    assert "\n[Paper scale]\nNo table" in text
    assert text.endswith("fa-core run test --profile paper --store book/results")
    assert len(PICTURE.findall(both.figure(draw, "A line").to_html())) == 1


def test_a_run_stands_behind_the_stored_table(store):
    stored = store.save(EXPERIMENT, Config.paper(), table(), device="cpu", seconds=120)
    both = TwoScales(EXPERIMENT, Config(), table())
    then, now = str(both.findings()).split("\n[This run]\n")
    assert "Claim <a>." in now
    assert then == f"[Paper scale]\n{TWO}\n{stored}"
    titles = [summary.text for summary in tree(both.findings()).iter("summary")]
    assert titles == ["Paper scale, n = 4", "This run, n = 3"]
    assert [row["claim"] for row in both.findings()._repr_mimebundle_()[MIME_TYPE]] == [
        "Claim <a>."
    ]
    assert len(PICTURE.findall(both.figure(draw, "A line").to_html())) == 2


def test_a_run_at_paper_scale_shows_its_own_findings_not_those_stored(store, monkeypatch):
    store.save(EXPERIMENT, Config.paper(), table(), device="cpu", seconds=120)
    judged = Findings([dataclasses.replace(next(iter(TWO)), claim="Judged.", holm=False)])
    monkeypatch.setattr(two_scales, "paper_scale", lambda: {"test": judged})
    both = TwoScales(EXPERIMENT, Config.paper(), table())
    then, now = str(both.findings()).split("\n[This run]\n")
    assert "Judged" not in now and "Judged. (ours)" in then


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"experiment": "test"}, "experiment must be an Experiment"),
        ({"config": 3}, "config must be a dataclass"),
        ({"table": [1]}, "table must be a pandas DataFrame"),
        ({"table": table().drop(columns="value")}, r"table .* lacks \['value'\]"),
        ({"device": "abacus"}, "device must be one that torch knows"),
    ],
)
def test_two_scales_of_anything_else_are_refused(store, wrong, message):
    right = {"experiment": EXPERIMENT, "config": Config(), "table": table(), "device": "cpu"}
    with pytest.raises((TypeError, ValueError), match=message):
        TwoScales(**(right | wrong))


def test_what_two_scales_cannot_draw_is_refused(store):
    both = TwoScales(EXPERIMENT, Config(), table())
    with pytest.raises(TypeError, match="draw must be a function of config and table, got 3"):
        both.figure(3, "text")
    with pytest.raises(TypeError, match="make must be a function of config and table, got None"):
        both.table(None)

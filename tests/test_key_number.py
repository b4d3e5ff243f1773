"""The big line at the head of a chapter is the stored table's primary finding."""

import html5lib
import pytest

from fa_core.results.findings import Finding, Findings
from fa_core.results.multiplicity import paper_scale
from fa_core.show import key_number, primary

PRIMARY = {
    name: finding
    for name, findings in paper_scale().items()
    for finding in findings
    if finding.primary
}


def shown(name: str) -> str:
    """The words of the line as a reader sees them."""
    page = html5lib.parseFragment(key_number(name)._repr_html_(), namespaceHTMLElements=False)
    return " ".join("".join(page.find("div").itertext()).split())


@pytest.mark.parametrize("name", PRIMARY)
def test_the_line_says_number_interval_networks_verdict_and_claim(name: str):
    _, _, measured, interval, n, verdict = PRIMARY[name].cells()
    line = f"{measured} 95 % interval {interval}, n = {n} networks {verdict}: {PRIMARY[name].claim}"
    assert shown(name) == line
    assert repr(key_number(name)) == str(PRIMARY[name])


def test_the_number_alone_is_bold_and_text_is_escaped(monkeypatch):
    values = {"values": [2500.0, 2600.0, 2700.0], "unit": "steps", "above": 0}
    found = Finding.of_mean("A < b.", **values, primary=True, bound="at least")
    monkeypatch.setattr(primary, "paper_scale", lambda: {"alignment": Findings([found])})
    page = html5lib.parseFragment(
        key_number("alignment")._repr_html_(), namespaceHTMLElements=False
    )
    assert f"{page.find('.//b').text} steps" == found.cells()[2]
    assert page.find("div/p[2]").text == "✓ supported: A < b."


def test_without_a_stored_table_the_line_says_so(monkeypatch):
    monkeypatch.setattr(primary, "paper_scale", dict)
    assert key_number("alignment").startswith("No table at paper scale is stored")


def test_an_experiment_that_is_unknown_or_has_no_primary_finding_is_refused(monkeypatch):
    with pytest.raises(KeyError, match=r"name must be one of .*alignment.*; got 'angle'"):
        key_number("angle")
    monkeypatch.setattr(primary, "paper_scale", lambda: {"alignment": Findings([])})
    with pytest.raises(ValueError, match="with a primary finding, got 'alignment'"):
        key_number("alignment")

"""The paper's claims: each is tested by findings that exist, and its row says what they say."""

from dataclasses import replace
from pathlib import Path

import html5lib
import pytest

import paper_claims
from fa_core import experiments
from fa_core.results.findings import Finding, Findings
from fa_core.results.multiplicity import paper_scale

BOOK = Path(__file__).resolve().parent.parent / "book"
pytestmark = pytest.mark.book
CLAIM = paper_claims.Claim("9z", "a measure", "It <b>falls", "alignment", ["first", "second"])
SUPPORTED = Finding("It falls.", 2, "degrees", 1, 3, 20, (0, float("inf")), 0.01, "first", "Fig. 9")
CONTRADICTED = replace(SUPPORTED, low=-3.0, high=-1.0, key="second", paper="", primary=True)
UNDECIDED = replace(SUPPORTED, low=-1.0, key="third", holm=False)


@pytest.fixture
def rows(monkeypatch):
    """Turns a table of the one claim into its rows: verdict, and texts of the cells."""

    def read(scale):
        monkeypatch.setattr(paper_claims, "CLAIMS", [CLAIM])
        tree = html5lib.parse(paper_claims.table(scale), namespaceHTMLElements=False)
        lines = tree.findall(".//tbody/tr")
        texts = [["".join(cell.itertext()) for cell in line.iter("td")] for line in lines]
        return [(line.get("data-verdict"), *text) for line, text in zip(lines, texts, strict=True)]

    return read


def test_a_row_holds_what_the_paper_says_and_the_first_finding(rows):
    second = replace(SUPPORTED, key="second", estimate=7.0)
    (row,) = rows({"alignment": Findings([second, SUPPORTED])})
    assert row[:3] == ("holds", "✓\u00a0Holds", "It <b>falls")
    assert row[3].replace("\u00a0", " ") == "2 degrees (1 to 3), n = 20"
    assert row[4:] == ("9z", "a measure", "chapter\u00a01")


@pytest.mark.parametrize(
    "found, name, words",
    [
        ([SUPPORTED], "holds", "✓ Holds"),
        ([SUPPORTED, CONTRADICTED], "partly", "~ In part, 1 of 2"),
        ([UNDECIDED, SUPPORTED, SUPPORTED], "partly", "~ In part, 2 of 3"),
        (
            [CONTRADICTED, UNDECIDED],
            "not",
            "✗ Not as stated",
        ),  # Holm takes nothing from an undecided one
        ([SUPPORTED, replace(CONTRADICTED, holm=False)], "partly", "~ In part, 1 of 2 †"),
        ([replace(SUPPORTED, holm=False)], "holds", "✓ Holds †"),
        ([replace(CONTRADICTED, holm=False)], "not", "✗ Not as stated †"),
        ([], "open", "– not measured yet"),
    ],
)
def test_a_claim_holds_where_all_its_findings_are_supported(found, name, words):
    assert paper_claims.verdict(found) == (name, words.replace(" ", "\u00a0"))


def test_an_experiment_without_a_table_is_not_measured_yet(rows):
    assert rows({})[0][1:4:2] == ("–\u00a0not\u00a0measured\u00a0yet", "not measured yet")
    assert paper_claims.measured([], "a part never") == "not measured yet; a part never"


def test_a_key_may_name_another_experiment():
    claim = replace(CLAIM, keys=["first", "other/second"])
    scale = {"alignment": Findings([SUPPORTED]), "other": Findings([CONTRADICTED])}
    assert [found.key for found in claim.findings(scale)] == ["first", "second"]


def test_a_key_that_no_finding_has_is_an_error_of_the_build():
    claim = replace(CLAIM, keys=["first", "third"])
    with pytest.raises(ValueError, match=r"Fig\. 9z: no finding alignment/third"):
        claim.findings({"alignment": Findings([SUPPORTED, CONTRADICTED])})


def test_the_counts_are_those_of_all_experiments():
    survives, falls = replace(SUPPORTED, holm=True), replace(CONTRADICTED, holm=False)
    told = paper_claims.counts({"a": Findings([survives, falls]), "b": Findings([UNDECIDED])})
    assert "makes **3 claims**: 2 are the paper's and 1 ours; 1 are primary." in told
    assert "The verdicts: 1 supported, 1 contradicted, 1 undecided." in told
    assert "Of the 2 that are not undecided, 1 survive" in told


def test_every_experiment_has_its_chapter():
    assert set(experiments.names()) <= set(paper_claims.CHAPTERS)
    numbered = {page.stem for page in BOOK.glob("[0-9]*.ipynb")}
    assert set(paper_claims.CHAPTERS.values()) == {
        *numbered,
        *("why-it-works", "other-roads", "fair-contest"),
    }


@pytest.mark.parametrize("claim", paper_claims.CLAIMS, ids=lambda claim: claim.figure)
def test_each_claim_of_the_paper_is_tested_by_findings_that_exist(claim):
    assert claim.findings(paper_scale()) or claim.experiment not in paper_scale()


def test_every_finding_that_is_the_papers_stands_in_a_row_and_no_other_does():
    rows = [found for claim in paper_claims.CLAIMS for found in claim.findings(paper_scale())]
    theirs = [f for findings in paper_scale().values() for f in findings if f.paper]
    assert {found.claim for found in rows} == {found.claim for found in theirs}


def test_the_table_fits_one_screen_of_a_laptop(site, browser):
    with browser.new_page(viewport={"width": 1280, "height": 800}) as page:
        page.goto((site / "book/evidence.html").as_uri())
        box = page.locator("table.paper-claims").bounding_box()
    assert box["y"] + box["height"] < 800

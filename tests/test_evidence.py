"""The page of all claims: findings of two scales meet, and none is lost."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import html5lib
import pytest

import build
import evidence
from fa_core.experiments import alignment
from fa_core.results.findings import Finding
from fa_core.results.store import Store

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
pytestmark = pytest.mark.book


def finding(claim, n=8):
    return Finding(claim, 2.0, "degrees", 1.0, 3.0, n, (0.0, float("inf")))


def told(build_claims, paper_claims, sets=frozenset()):
    rows = evidence.pairs(
        [finding(c) for c in build_claims], [finding(c, 20) for c in paper_claims], sets
    )
    return [evidence.cells(pair, evidence.varying(sets)) for pair in rows]


def test_the_same_claim_at_two_scales_is_one_row_with_both_numbers():
    ((claim, expected, build, paper),) = told(["1000 steps turn W₂."], ["8,000 steps turn W₂."])
    assert claim == "1000 / 8,000 steps turn W₂."
    assert expected == "above 0"
    assert build == "✓ supported: 2 degrees (1 to 3), n\u00a0=\u00a08"
    assert paper == "✓ supported: 2 degrees (1 to 3), n\u00a0=\u00a020"


def test_the_main_data_set_may_differ_and_no_other():
    rows = told(
        ["Faster: digits.", "Faster: noisy digits."],
        ["Faster: mnist.", "Faster: fashion-mnist."],
        {"digits", "mnist"},
    )
    assert [row[0] for row in rows] == [
        "Faster: digits / mnist.",
        "Faster: noisy digits.",
        "Faster: fashion-mnist.",
    ]
    assert [row[2:].count("–") for row in rows] == [0, 1, 1]


def test_equal_claims_pair_before_those_whose_numbers_differ():
    rows = told(
        ["Holds for K = 30.", "Holds for K = 300."], [f"Holds for K = {k}." for k in (10, 30, 300)]
    )
    assert [row[0] for row in rows] == [f"Holds for K = {k}." for k in (10, 30, 300)]
    assert [row[2:].count("–") for row in rows] == [1, 0, 0]


def test_equal_depths_pair_though_the_data_sets_differ():
    rows = told(
        ["Faster: digits, 3 layers.", "Faster: digits, 5 layers."],
        [f"Faster: mnist, {layers} layers." for layers in (3, 4, 5)],
        {"digits", "mnist"},
    )
    assert [row[0] for row in rows] == [
        "Faster: digits / mnist, 3 layers.",
        "Faster: mnist, 4 layers.",
        "Faster: digits / mnist, 5 layers.",
    ]


def test_claims_of_one_scale_stand_in_their_place():
    rows = told(["only here", "both", "b"], ["both", "only there", "b"])
    assert [row[0] for row in rows] == ["only here", "both", "only there", "b"]


def test_without_stored_tables_each_claim_of_the_build_is_there():
    rows = told(["a", "b"], [])
    assert [row[3] for row in rows] == ["–", "–"]


@pytest.mark.parametrize("low, high", [(0.0, float("inf")), (-float("inf"), 4.0), (-1.0, 1.0)])
def test_a_finding_comes_back_from_its_row(low, high):
    found = dataclasses.replace(finding("a"), expected=(low, high))
    assert Finding.from_row(json.loads(json.dumps(found.as_row()))) == found


def test_the_picture_says_its_numbers_in_words():
    counts = {"1, this build": Counter(supported=3, undecided=1)}
    alt = "Chapter 1, this build: 3 supported, 1 undecided, 0 contradicted."
    png, told = evidence.picture(counts)
    assert png.startswith(b"\x89PNG") and alt in told


@pytest.mark.parametrize("stored", [False, True])
def test_a_section_tells_where_its_numbers_come_from(tmp_path, monkeypatch, stored):
    quick = alignment.Config.quick()
    small = {"steps": 20, "long_steps": 20, "records": 2, "widths": (), "rates": ()}
    paper = dataclasses.replace(quick, networks=3, **small)
    monkeypatch.setattr(alignment.Config, "paper", lambda: paper)
    monkeypatch.setattr(evidence, "published", lambda: Store(tmp_path))
    table = alignment.run(paper, progress=False)
    if stored:
        line = Store(tmp_path).save("alignment", paper, table, device="cpu", seconds=9)
    rows = [found.as_row() for found in alignment.findings(paper, table)]
    run = {"parameters": {}, "start_time": "2026-01-02T03:04:05"}
    chapter = tmp_path / "01-alignment.ipynb"
    chapter.write_text(json.dumps({"metadata": {"papermill": run}}))
    text, scales = evidence.section(chapter, rows)
    assert "This build: profile quick, computed on 2026-01-02." in text
    assert (f"Paper scale: {line}." if stored else "no table is stored yet") in text
    assert len(scales["1, this build"]) == len(rows)
    assert len(scales["1, paper scale"]) == (len(rows) if stored else 0)
    assert text.count("n\u00a0=\u00a03") == len(rows) * (2 if stored else 1)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_the_built_page_holds_every_finding_of_the_chapter(site, chapter):
    found = build.findings(site.parent / "executed" / chapter.name)
    page = html5lib.parse((site / "book/evidence.html").read_bytes(), namespaceHTMLElements=False)
    cells = {"".join(cell.itertext()) for cell in page.iter("td")}
    assert found
    assert all(evidence.measured(Finding.from_row(row)) in cells for row in found)

"""The page of all claims: findings of two scales meet, and none is lost."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import html5lib
import pytest
from doubles import Double, table

import build
import evidence
import paper_claims
from fa_core.results.findings import Finding, Findings
from fa_core.results.store import Store

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = [ROOT / "book" / f"{stem}.ipynb" for stem in sorted(set(paper_claims.CHAPTERS.values()))]
pytestmark = pytest.mark.book


def finding(claim, n=8, key="a"):
    return Finding(claim, 2.0, "degrees", 1.0, 3.0, n, (0.0, float("inf")), 0.01, key)


def text_of(page):
    return "".join(html5lib.parseFragment(page).itertext())


def told(build_claims, paper_claims):
    build_side = [finding(claim, key=key) for key, claim in build_claims.items()]
    paper_side = [finding(claim, 20, key) for key, claim in paper_claims.items()]
    return [evidence.row(pair)[1] for pair in evidence.pairs(build_side, paper_side)]


def test_the_same_claim_at_two_scales_is_one_row_with_both_numbers():
    ((paper, claim, build, expected),) = told(
        {"turns": "1000 steps turn W₂."}, {"turns": "8,000 steps turn W₂."}
    )
    assert claim == "1000 / 8,000 steps turn W₂. (ours)"
    assert expected == "above 0"
    assert text_of(build) == "✓ supported: 2 degrees (1 to 3), n\u00a0=\u00a08"
    assert text_of(paper) == "✓ supported: 2 degrees (1 to 3), n\u00a0=\u00a020"


def test_claims_meet_by_key_however_alike_or_unlike_their_sentences_are():
    rows = told(
        {"fast": "Faster: digits.", "ten": "Holds for K = 30."},
        {"ten": "Holds for K = 10.", "other": "Holds for K = 30.", "fast": "Sooner on mnist."},
    )
    assert [row[1] for row in rows] == [
        "Holds for K = 30 / 10. (ours)",
        "Holds for K = 30. (ours)",
        "Faster: digits. (ours) / Sooner on mnist. (ours)",
    ]
    assert [row.count("–") for row in rows] == [0, 1, 0]


@pytest.mark.parametrize(
    "build, paper, both",
    [
        ("rate 3e-05.", "rate 0.001.", "rate 3e-05 / 0.001."),
        ("On noisy-digits, always.", "On mnist, always.", "On noisy-digits / mnist, always."),
        ("above −1", "above 0", "above −1 / above 0"),
        ("the same", "the same", "the same"),
    ],
)
def test_what_differs_is_said_twice(build, paper, both):
    assert evidence.merge(build, paper) == both


def test_a_claim_of_one_scale_stands_alone_and_that_of_the_build_last():
    rows = told({"here": "only here", "both": "both"}, {"both": "both", "there": "only there"})
    assert [row[1] for row in rows] == ["both (ours)", "only there (ours)", "only here (ours)"]
    assert rows[1][2] == rows[2][0] == "–"


def test_without_stored_tables_each_claim_of_the_build_is_there():
    rows = told({"a": "a", "b": "b"}, {})
    assert [row[0] for row in rows] == ["–", "–"]


@pytest.mark.parametrize(
    "keys, message",
    [(("a", ""), "01-x: each finding needs a key.*'claim 1'"), (("a", "a"), "twice")],
)
def test_a_finding_that_cannot_be_joined_is_an_error_of_the_build(keys, message):
    with pytest.raises(ValueError, match=message):
        evidence.check_keys("01-x", [finding(f"claim {i}", key=k) for i, k in enumerate(keys)])


@pytest.mark.parametrize("low, high", [(0.0, float("inf")), (-float("inf"), 4.0), (-1.0, 1.0)])
def test_a_finding_comes_back_from_its_row(low, high):
    found = dataclasses.replace(finding("a"), expected=(low, high))
    assert Finding.from_row(json.loads(json.dumps(found.as_row()))) == found


def test_the_picture_says_its_numbers_in_words():
    counts = {"Chapter 1, this run": Counter(supported=3, undecided=1)}
    alt = "Chapter 1, this run: 3 supported, 1 undecided, 0 contradicted."
    drawn = evidence.picture(counts)
    assert f'aria-label="Number of findings by verdict. {alt}"' in drawn
    assert "3 · 1 · 0" in drawn and "<img" not in drawn


def test_a_chapter_is_called_by_its_number_or_else_by_its_name():
    names = ("04-robustness.ipynb", "why-it-works.ipynb")
    assert [evidence.name_of(Path(name)) for name in names] == ["Chapter 4", "Why it works"]


@pytest.mark.parametrize("stored", [False, True])
def test_a_section_tells_where_its_numbers_come_from(tmp_path, monkeypatch, stored):
    claims = Findings([finding("It falls.", key="falls"), finding("It rises.", key="rises")])
    experiment = Double("alignment", claims=lambda config, table: claims)
    monkeypatch.setattr(evidence.experiments, "get", {"alignment": experiment}.get)
    monkeypatch.setattr(evidence, "published", lambda: Store(tmp_path))
    monkeypatch.setattr(evidence, "paper_scale", lambda: {"alignment": claims} if stored else {})
    if stored:
        config = experiment.Config.paper()
        line = Store(tmp_path).save(experiment, config, table(), device="cpu", seconds=9)
    rows = [found.as_row() for found in claims]
    run = {"parameters": {}, "start_time": "2026-01-02T03:04:05"}
    chapter = tmp_path / "01-alignment.ipynb"
    chapter.write_text(json.dumps({"metadata": {"papermill": run}}))
    text, scales = evidence.section(chapter, rows)
    assert "This run: profile quick, computed on 2026-01-02." in text
    assert (f"Paper scale: {line}." if stored else "no table is stored yet") in text
    assert scales["Chapter 1, this run"] == list(claims)
    assert scales["Chapter 1, paper scale"] == (list(claims) if stored else [])
    assert text.count("n\u00a0=\u00a08") == len(rows) * (2 if stored else 1)
    with pytest.raises(ValueError, match=r"01-alignment.ipynb: each finding needs a key"):
        evidence.section(chapter, [{**rows[0], "key": ""}])


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_the_built_page_holds_every_finding_of_the_chapter(site, chapter):
    found = build.findings(site.parent / "executed" / chapter.name)
    page = html5lib.parse((site / "book/evidence.html").read_bytes(), namespaceHTMLElements=False)
    cells = {"".join(cell.itertext()) for cell in page.iter("td")}
    assert found
    assert all(text_of(evidence.measured(Finding.from_row(row))) in cells for row in found)

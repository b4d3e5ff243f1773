"""The three-minute answer: short, and each word and number of it follows from the tables."""

import re
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest

import answer
import forest
import headline
import paper_claims
from fa_core.experiments.shared.small_starts import SCALES, SMALL_STARTS
from fa_core.results.findings import Finding, Findings
from fa_core.results.multiplicity import paper_scale

PAGE = Path(__file__).resolve().parent.parent / "book/answer.md"
FOUND = Finding("It falls.", -2, "degrees", -3, -1, 20, (-float("inf"), 0), 0.01, "first")
INCLUDED = re.compile(r"```{raw} html\n:file: (.+)\n```")
pytestmark = pytest.mark.book


def text_of(page: str) -> str:
    tree = html5lib.parseFragment(page, namespaceHTMLElements=False)
    for element in tree.iter():
        if str(element.tag).rpartition("}")[2] in {"svg", "style"}:
            element.clear()
    return " ".join(tree.itertext())


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> dict[str, str]:
    """What the page includes, of a build that ran no chapter."""
    folder = tmp_path_factory.mktemp("answer")
    answer.write(folder, {})
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_the_page_has_at_most_600_words(parts):
    page = re.sub(r"<!--.*?-->", "", PAGE.read_text(encoding="utf-8"))
    for name, words in {**headline.substitutions(), **answer.substitutions()}.items():
        page = page.replace(f"{{{{ {name} }}}}", words)
    assert "{{" not in page
    assert set(INCLUDED.findall(page)) == set(parts)
    text = INCLUDED.sub(lambda found: text_of(parts[found[1]]), page)
    assert 400 < len(text.split()) <= 600


@pytest.mark.parametrize(
    "verdicts, words",
    [
        (("supported", "supported"), "✓ Holds"),
        (("supported", "contradicted"), "~ In part"),
        (("undecided", "contradicted"), "✗ Not as stated"),
        ((), "– not measured yet"),
    ],
)
def test_the_word_follows_from_all_findings_that_test_the_claim(monkeypatch, verdicts, words):
    ends = {"supported": (-3, -1), "undecided": (-3, 1), "contradicted": (1, 3)}
    keys = ["first", "second"]
    found = [
        replace(FOUND, key=key, low=ends[verdict][0], high=ends[verdict][1], primary=key == "first")
        for key, verdict in zip(keys, verdicts, strict=False)
    ]
    tested = [
        paper_claims.Claim(figure, "m", "s", "alignment", [key])
        for figure, key in zip("ab", keys, strict=True)
    ]
    monkeypatch.setattr(paper_claims, "CLAIMS", tested)
    claim = answer.Claim("alignment", "It <b>turns", "angle", ["a", "b"], "none")
    _, cells = claim.row({"alignment": Findings(found)} if found else {})
    assert cells[0] == words
    assert "It &lt;b&gt;turns" in cells[1]
    assert ("−2</b> degrees" in cells[2]) is bool(found)


@pytest.mark.parametrize("claim", answer.CLAIMS, ids=lambda claim: claim.experiment)
def test_every_figure_and_finding_exists_and_the_table_holds_the_numbers(claim, parts):
    assert set(claim.figures) <= {one.figure for one in paper_claims.CLAIMS}
    found = claim.findings(paper_scale())
    assert found and all(finding.paper for finding in found)
    supported = sum(finding.verdict == "supported" for finding in found)
    word = "✓ Holds" if supported == len(found) else "~ In part" if supported else "✗ Not"
    (row,) = [r for r in parts["answer-claims.html"].split("<tr ") if claim.says in r]
    assert word in row
    if claim.experiment == "learning_speed":
        noise, control = (one.number for one in headline.headlines() if one.name in STEPS)
        assert f"to {claim.measure.partition(' to ')[2]}" in headline.headlines()[0].line
        assert answer.measured(control) in row
    else:
        noise = forest.primary(paper_scale()[claim.experiment])
    assert f"{claim.measure}: {answer.measured(noise)}" in row


STEPS = ("data_steps", "control")


@pytest.mark.parametrize(
    "experiment, key, sign",
    [
        ("low_rank", "quiet-gap-at-the-end", -1),
        ("robustness", "more-robust-than-quiet", 1),
        ("meta_loss", "lower-than-quiet", 1),
    ],
)
def test_what_the_control_gives_is_what_noise_gives_less_what_noise_adds(experiment, key, sign):
    noise, alone, verdict = answer.gains(experiment, paper_scale())
    beside = {found.key: found for found in paper_scale()[experiment]}[key]
    assert alone.estimate == pytest.approx(noise.estimate - sign * beside.estimate)
    assert alone.low < alone.estimate < alone.high
    known = {("supported", -1): "contradicted"}
    assert verdict == known.get((beside.verdict, sign), beside.verdict)


def test_the_text_is_right_that_a_control_that_costs_nothing_gives_much_of_the_gain():
    for experiment in ("learning_speed", *answer.READINGS):
        noise, alone, _ = answer.gains(experiment, paper_scale())
        assert alone.verdict == "supported"
        nothing = 1 if experiment == "learning_speed" else 0
        assert (alone.estimate - nothing) / (noise.estimate - nothing) > 0.5


def test_the_text_is_right_about_small_weights_and_long_noise():
    drawn, third, tenth, zero = map(answer.angle_after, ("FA", *SMALL_STARTS))
    assert drawn.high < third.low < third.high < tenth.low < 90 < tenth.high
    assert 90 < zero.low < zero.high < 95  # "slightly"
    _, long = answer.longest_noise()
    (usual,) = [one.number for one in headline.headlines() if one.name == "data_steps"]
    assert usual.high < long.low
    words = answer.substitutions()
    assert words["angle_from_tenth"].startswith(f"{tenth.estimate:.1f}° (")
    text = PAGE.read_text(encoding="utf-8")
    for factor in SCALES.values():
        assert f"weights {factor:g} times as large" in text


@pytest.mark.parametrize("use", answer.USES, ids=lambda use: use.use)
def test_what_to_use_is_compared_by_a_finding_that_exists(use):
    assert use.finding(paper_scale()) or use.key.split("/")[0] not in paper_scale()


def test_a_use_turns_a_comparison_round_and_waits_for_its_table():
    use = answer.Use("When?", "This", "page", "after noise", "contest/first", flip=True)
    _, cells = use.row({"contest": Findings([FOUND])})
    assert text_of(cells[2]).split() == ["after", "noise:", "2", "degrees", "(1", "to", "3)"]
    assert use.row({})[1][2] == "after noise: not measured yet"
    with pytest.raises(ValueError, match="This: no finding contest/first"):
        use.finding({"contest": Findings([replace(FOUND, key="other")])})


def test_the_forest_has_every_primary_finding_at_both_scales():
    titles = answer.DATA["forest"]
    primary = {name for name, found in paper_scale().items() if forest.primary(found)}
    assert primary <= set(titles) <= set(paper_claims.CHAPTERS)
    paper = replace(FOUND, primary=True)
    here = replace(paper, estimate=-1.5, n=8)
    stem = paper_claims.CHAPTERS["alignment"]
    page = forest.figure(
        {"alignment": "Turn <", "contest": "Contest"},
        {stem: [FOUND, here]},
        {"alignment": Findings([paper])},
    )
    tree = html5lib.parseFragment(page, namespaceHTMLElements=False)
    told = {svg.get("aria-label") for svg in tree.iter() if str(svg.tag).endswith("svg")}
    assert told == {
        "Turn <: this run −1.5 degrees (−3 to −1); paper's size −2 degrees (−3 to −1). "
        "Contest: this run not measured yet; paper's size not measured yet."
    }
    assert text_of(page).split()[:3] == ["The", "primary", "finding"]

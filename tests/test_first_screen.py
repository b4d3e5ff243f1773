"""The first page: it moves, it is light, and what it says is what the tables say."""

import dataclasses
import gzip
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import numpy as np
import pandas as pd
import pytest
from pages import offline_page
from torch import nn

import answer as answers
import headline
import icons
from fa_core import experiments
from fa_core.results.findings import Finding, Findings
from fa_core.results.multiplicity import paper_scale
from fa_core.results.store import at_paper_scale
from fa_core.widgets import Opening

INTRO = Path(__file__).resolve().parent.parent / "book/intro.md"
BRIEF = {"noise": 200, "data": 120}  # a film of the usual eight seconds, soon trained
BUDGET = 300_000  # bytes of the first page with all it fetches, packed as servers send them
CLAIMS = ["alignment", "learning_speed", "low_rank", "robustness", "meta_loss"]
QUESTIONS = {  # a newcomer's, and what an answer must name
    "What is weight transport?": ["transpose", "copying"],
    "Does it work?": [f"{{{{ claim_{name} }}}}" for name in CLAIMS],
    "How much?": ["{{ data_steps }}", "{{ behind_bp }}", "{{ final_gain }}"],
    "What does it cost?": ["{{ all_steps }}", "{{ control }}"],
    "How do I use it?": ["fa.convert(model", "fa.train_on_noise(model"],
}
pytestmark = pytest.mark.book


@cache
def stored() -> pd.DataFrame:
    """The table of learning speed at paper scale."""
    return at_paper_scale(experiments.get("learning_speed"))[1]


def accuracy(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and test accuracy [steps, networks], of a condition of the stored table."""
    table = stored()
    rows = table[(table["condition"] == name) & (table["metric"] == "accuracy")]
    wide = rows.pivot(index="step", columns="network", values="value")
    return wide.index.to_numpy(), wide.to_numpy()


def arrivals(name: str, level: float) -> np.ndarray:
    """When each network first reaches a level, between two records on a straight line."""
    steps, values = accuracy(name)
    now = (values >= level).argmax(0)
    each = np.arange(values.shape[1])
    before, after = values[now - 1, each], values[now, each]
    return steps[now - 1] + (level - before) / (after - before) * (steps[now] - steps[now - 1])


def test_the_headline_numbers_are_those_of_the_table():
    fa, noisy, quiet = (arrivals(n, 0.9) for n in ("FA", "noise then FA", "quiet readout, FA"))
    ends = {name: 100 * accuracy(name)[1][-1] for name in ("noise then FA", "BP")}
    wanted = {
        "data_steps": noisy / fa,
        "all_steps": (noisy + 8000) / fa,
        "control": quiet / fa,
        "behind_bp": ends["noise then FA"] - ends["BP"],
    }
    found = {one.name: one for one in headline.headlines()}
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        half = 2.093 * values.std(ddof=1) / np.sqrt(20)  # Student's t at 19 degrees of freedom
        number = found[name].number
        assert number.n == 20
        measured = [number.estimate, number.low, number.high]
        expected = [values.mean(), values.mean() - half, values.mean() + half]
        assert measured == pytest.approx(expected, rel=1e-3)
    known = {finding.key: finding for finding in paper_scale()["learning_speed"]}
    assert found["all_steps"].number.estimate == known["faster-in-all-steps"].estimate


def test_a_card_gives_number_interval_line_and_chapter():
    number = Finding("", -1.246, "", -1.3, -1.2, 20, (0.0, np.inf), 0.01, bound="at most")
    (one,) = re.findall(
        "<li>.*</li>", headline.cards([headline.Headline("x", "Less < BP", number, " points")])
    )
    assert '<a href="02-learning-speed.html">' in one
    assert "Less &lt; BP" in one
    assert "<strong>at most −1.25 points</strong> <small>−1.30 to −1.20</small>" in one


def plain(text: str) -> str:
    """A text without its tags and comments."""
    return re.sub(r"<!--.*?-->|<[^>]+>", "", text)


def test_what_becomes_of_a_claim_follows_from_the_findings_and_its_number_from_the_primary_one(
    monkeypatch,
):
    primary = {n: f for n, found in paper_scale().items() for f in found if f.primary}
    words = answers.substitutions()
    for claim in answers.CLAIMS:
        supported = {found.verdict == "supported" for found in claim.findings(paper_scale())}
        known = {(True,): "✓ Holds", (False,): "✗ Not as stated"}
        expected = known.get(tuple(supported), "~ In part")
        assert words[f"claim_{claim.experiment}"] == expected
    turned = dataclasses.replace(primary["alignment"], estimate=5.0, low=4.0, high=6.0)
    other = {**paper_scale(), "alignment": Findings([turned])}
    monkeypatch.setattr(headline, "paper_scale", lambda: other)
    turned_words = plain(headline.substitutions()["primary_alignment"])
    assert turned_words.startswith("5 degrees (4 to 6)")


def test_the_five_claims_have_their_verdicts_and_no_number_is_typed():
    text = INTRO.read_text(encoding="utf-8")
    named = re.findall(r"{{ (\w+) }}", text)
    for kind in ("claim", "primary"):
        told = [name for name in named if name.startswith(f"{kind}_")]
        assert told == [f"{kind}_{name}" for name in CLAIMS]
    assert set(named) <= set(headline.substitutions()) | set(answers.substitutions())
    assert not re.findall(r"\d\.\d", text)


def answer(text: str, question: str) -> str:
    """The section of the first page that a question heads."""
    return re.split(r"^## ", text.split(f"\n## {question}\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_newcomers_question_is_answered_in_two_hundred_words(question: str):
    told = answer(INTRO.read_text(encoding="utf-8"), question)
    assert [word for word in QUESTIONS[question] if word not in told] == []
    for name, words in {**headline.substitutions(), **answers.substitutions()}.items():
        told = told.replace(f"{{{{ {name} }}}}", words)
    assert len(plain(told).split()) <= 200


def test_the_lines_of_code_on_the_first_page_run():
    (code,) = re.findall(r"```python\n(.+?)```", INTRO.read_text(encoding="utf-8"), re.DOTALL)
    model = nn.Sequential(nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 10))
    exec(code.replace("steps=8000", "steps=5, progress=False"), {"model": model})


def drawn(page) -> list[str]:
    """The pictures that the canvases hold."""
    return page.locator(".wd-opening canvas").evaluate_all("all => all.map((c) => c.toDataURL())")


STARTED = "[...document.querySelectorAll('.wd-opening .wd-big')].some((e) => e.textContent)"


def moves(page) -> None:
    """All that the page draws at once has changed within a second of its load."""
    page.wait_for_function(STARTED, timeout=1000)
    first = drawn(page)
    page.get_by_text(re.compile(r"^Noise: step [1-9]")).wait_for(timeout=1000)
    page.wait_for_timeout(300)
    assert all(a != b for a, b in zip(first, drawn(page), strict=True))


def test_the_film_starts_by_itself_and_can_be_paused_and_replayed(show):
    page = show(Opening(**BRIEF))
    moves(page)
    button = page.locator(".wd-opening button")
    button.click()
    assert button.inner_text() == "Play"
    page.wait_for_timeout(100)  # what was due is drawn
    paused = drawn(page)
    page.wait_for_timeout(300)
    assert drawn(page) == paused
    button.click()
    page.get_by_role("button", name="Replay").wait_for(timeout=60_000)
    assert re.match(
        r"Steps on digits to 80 %: FA (–|\d+), BP", page.locator(".wd-status").inner_text()
    )
    button.click()
    page.get_by_text(re.compile(r"^Noise: step \d")).wait_for()


WATCH = """
window.seen = new Set();
setInterval(() => {
  const angle = document.querySelector(".wd-opening .wd-big")?.textContent;
  if (angle) seen.add(angle);
}, 10);
"""


def test_the_film_holds_still_at_its_end_where_motion_is_not_wanted(show):
    page = show(Opening(**BRIEF), script=WATCH, reduced_motion="reduce")
    page.get_by_role("button", name="Replay").wait_for(timeout=60_000)
    page.wait_for_timeout(300)
    assert page.evaluate("seen.size") == 1
    ways = page.locator(".wd-keys > span").all_inner_texts()
    assert [way.rstrip("0123456789 %") for way in ways] == ["FA", "noise then FA", "BP"]
    still = drawn(page)
    page.wait_for_timeout(300)
    assert drawn(page) == still
    page.get_by_role("button", name="Replay").click()  # one who asks for it sees it move
    page.get_by_text(re.compile(r"^Noise: step \d")).wait_for()


def test_the_angle_falls_from_ninety_degrees_on_noise_and_fa_after_noise_leads_fa(show):
    page = show(Opening())
    page.wait_for_function(STARTED)
    first = int(page.locator(".wd-big").inner_text()[:-1])
    page.get_by_role("button", name="Replay").wait_for(timeout=60_000)
    last = int(page.locator(".wd-big").inner_text()[:-1])
    fa, _, noisy, hidden = map(
        int,
        re.findall(
            r"(?:FA|BP|on noise|after) (\d[\d,]*)",
            page.locator(".wd-status").inner_text().replace(",", ""),
        ),
    )
    assert abs(first - 90) <= 2
    assert last < 75
    assert noisy < fa < hidden


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_first_screen_needs_no_scrolling_and_moves(
    site: Path, browser, width: int, height: int
):
    with offline_page(browser, "file:", viewport={"width": width, "height": height}) as page:
        page.goto((site / "book/intro.html").as_uri())
        moves(page)
        for part in (".bd-article h1", ".first-links", ".wd-opening", "ul.headline"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= height, part
        links = page.locator(".first-links a").all_inner_texts()
        assert links == ["The answer in three minutes", "Train it yourself"]


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_errors_travel_back_through_the_drawn_network_unless_asked_not_to(
    site: Path, browser, motion: str
):
    with offline_page(browser, "file:", reduced_motion=motion) as page:
        page.goto((site / "book/intro.html").as_uri())
        moving = "document.querySelector('.network').getAnimations({ subtree: true }).length"
        assert page.evaluate(moving) == (2 if motion == "no-preference" else 0)
        if motion == "no-preference":
            page.get_by_label("Hold the errors still").check()
            assert page.evaluate(moving) == 0


def test_the_first_page_is_light(site: Path, browser):
    asked = set()
    with offline_page(browser, "file:") as page:
        page.on("request", lambda request: asked.add(urlsplit(request.url)))
        page.goto((site / "book/intro.html").as_uri())
        page.wait_for_load_state("networkidle")
    files = {Path(unquote(url.path)) for url in asked if url.scheme == "file"}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < BUDGET


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_one_click_away(site: Path, question: str):
    text = (site / "book/intro.html").read_text(encoding="utf-8")
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    links = {"".join(a.itertext()).strip(): a.get("href", "") for a in tree.iter("a")}
    target = links[question].removeprefix("#")
    assert any(element.get("id") == target for element in tree.iter("section"))


def test_icons_that_a_page_names_stay_in_their_font(tmp_path: Path):
    (tmp_path / "a.html").write_text('<i class="fas fa-bars"></i>')
    (tmp_path / "a.css").write_text(
        '.fa-bars:before{content:"\\f0c9"}.fa-bomb:before{content:"\\f1e2"}'
        '.note:after{content:"\\f107"}'
    )
    assert icons.drawn(tmp_path) == {0xF0C9, 0xF107}

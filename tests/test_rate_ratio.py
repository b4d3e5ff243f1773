"""RateRatio: networks that train in the page at the ratio of rates that its reader sets."""

import re

import pytest
from pages import set_slider, table

from fa_core.widgets import RateRatio

SMALL = {"networks": 2, "steps": 60, "hidden": 16}
SLIDER = "Rate ratio"


def status(page) -> str:
    return page.locator(".wd-status").inner_text()


def row(page, ratio: str) -> list[str]:
    """The table's row of a ratio, once that is trained."""
    page.get_by_role("rowheader", name=ratio, exact=True).wait_for()
    return next(cells for cells in table(page) if cells[0] == ratio)


def test_training_fills_a_row_and_keeps_the_law(show):
    page = show(RateRatio(networks=3, steps=300))
    assert "Nothing is trained yet" in status(page) and table(page) == []
    page.get_by_role("slider").focus()
    for _ in range(4):  # 2, 3, 5, 10
        page.keyboard.press("ArrowRight")
    cells = row(page, "10")
    assert cells[3] == cells[4] and float(cells[3]) > 1
    first, lowest, step = re.search(
        r"class-centred ([\d.]+)° at first, lowest ([\d.]+)° at (\d+)", status(page)
    ).groups()
    assert cells[2] == f"{lowest}° at {step}" and float(lowest) < float(first) - 5
    assert "rates 0.316 and 0.0316. Step 300 of 300" in status(page)
    names = page.locator("canvas").evaluate_all("all => all.map((c) => c.ariaLabel)")
    assert cells[2].split("°")[0] in names[0] and f"10: raw {cells[1].split('°')[0]}" in names[1]


def test_a_ratio_trained_before_is_shown_again_and_labels_have_rows_of_their_own(show):
    page = show(RateRatio(**SMALL))
    page.get_by_role("button", name="▶ Train").click()
    first, said = row(page, "1"), status(page)
    page.get_by_label("Labels").select_option("uniform")
    page.wait_for_function("document.querySelector('.wd-table tbody').innerText.includes('at')")
    assert row(page, "1") != first
    page.get_by_label("Labels").select_option("random")
    assert table(page) == [first] and status(page) == said
    page.get_by_role("button", name="▶ Train").click()  # nothing is left to train
    assert page.get_by_role("button", name="Stop").count() == 0


def test_every_ratio_may_be_trained_in_turn(show):
    page = show(RateRatio(**SMALL))
    page.get_by_role("button", name="Train every ratio").click()
    row(page, "30")
    rows = table(page)
    assert [cells[0] for cells in rows][:2] == ["1/30", "1/20"] and len(rows) == 13
    assert all(cells[3] == cells[4] for cells in rows)
    again = show(RateRatio(**SMALL))
    set_slider(again, SLIDER, 12)
    again.get_by_role("button", name="▶ Train").click()
    assert row(again, "30") == rows[-1], "whatever was trained before"


COUNT = """() => {
  const post = self.postMessage.bind(self);
  self.sent = 0;
  self.postMessage = (message) => {
    self.sent += 1;
    post(message);
  };
}"""


def test_stop_leaves_what_there_is_and_trains_no_further(show):
    page = show(RateRatio(**SMALL | {"steps": 20000}))
    page.get_by_role("button", name="Train every ratio").click()
    page.get_by_text(re.compile(r"Step [1-9]\d* of 20,000")).wait_for()
    page.get_by_role("button", name="Stop").click()
    said = status(page)
    (worker,) = page.workers
    worker.evaluate(COUNT)
    page.wait_for_timeout(500)
    assert worker.evaluate("self.sent") == 0
    assert status(page) == said and "Ratio 1/30" in said and table(page) == []
    page.get_by_role("button", name="▶ Train").wait_for()


def test_a_run_that_fails_says_why(show):
    failing = """window.Worker = class {
      addEventListener() {}
      postMessage({ start, run }) {
        if (start) setTimeout(() => this.onmessage({ data: { run, failed: "no good" } }));
      }
    }"""
    page = show(RateRatio(), script=failing)
    page.get_by_role("button", name="▶ Train").click()
    page.get_by_text("Training stopped: no good.").wait_for()
    page.get_by_role("button", name="▶ Train").wait_for()


def test_a_browser_without_workers_gets_a_message(show):
    page = show(RateRatio(), script="delete window.Worker")
    assert "does not allow one" in page.get_by_role("alert").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_charts_are_in_view_below_the_controls(show, width: int):
    page = show(RateRatio(**SMALL), viewport={"width": width, "height": 800})
    bottom = page.locator("canvas").first.evaluate("e => e.getBoundingClientRect().bottom")
    assert bottom < 800


def test_arguments_are_checked_and_described():
    assert "2 networks 64-16-10" in RateRatio(**SMALL).description()
    for wrong in (
        {"networks": 0},
        {"steps": 9},
        {"rate": 0.0},
        {"hidden": 3},
        {"batch_size": 257},
        {"seed": -1},
    ):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            RateRatio(**wrong)
    with pytest.raises(TypeError, match="steps must be an integer"):
        RateRatio(steps="many")

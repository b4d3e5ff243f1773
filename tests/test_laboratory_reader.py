"""What helps a reader of the laboratory: it opens running, rests, compares, points and slides."""

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from pages import box, curves, finish, set_box, table

from fa_core import rules
from fa_core.data import sources
from fa_core.widgets import Laboratory
from fa_core.widgets._joining import join, read

SHORT = {"noise": 60, "data": 40, "hidden": 16, "batch": 32, "seed": 5}
KEYS = re.findall(r'^    key: "([\w-]+)"', read("guides.js"), re.MULTILINE)


def run_button(page):
    return page.locator(".wd-main")


def key_of_faint_lines(page) -> str:
    return page.locator(".wd-curves ~ .wd-note").inner_text()


def angle_label(page) -> str:
    return page.locator(".wd-curves canvas").first.get_attribute("aria-label")


def test_it_opens_running_where_it_is_asked_to(show):
    page = show(Laboratory(**SHORT, plays=True))
    page.get_by_text("Finished.").wait_for()
    still = show(Laboratory(**SHORT))
    still.get_by_text("Ready.").wait_for()
    assert run_button(still).inner_text() == "▶ Run"


def test_with_little_motion_wanted_it_opens_finished(show):
    """Nothing is drawn before the run is over."""
    page = show(Laboratory(**{**SHORT, "noise": 4000}, plays=True), reduced_motion="reduce")
    page.locator(".wd-where", has_text=re.compile(r"Noise step [1-9]")).wait_for()
    assert "no value yet" in angle_label(page)
    page.get_by_text("Finished.").wait_for()
    assert "Noise, then FA" in angle_label(page)


def test_an_experiment_rests_where_it_says_watch_and_goes_on(show):
    page = show(Laboratory(), link="#preset=noise-aligns")
    page.get_by_label("Speed").select_option("")
    page.get_by_text("The noise is over. Press Run").wait_for()
    page.get_by_text("Paused. Data step 0 of 1,000.").wait_for()
    chosen = page.get_by_role("button", name="Noise aligns")
    assert chosen.get_attribute("aria-pressed") == "true"
    assert page.evaluate("location.hash") == "#preset=noise-aligns"
    run_button(page).click()
    page.get_by_text(re.compile(r"^Data step [1-9]")).wait_for()


def test_keys_of_links_are_unique_and_an_unknown_one_is_named(show):
    assert len(set(KEYS)) == len(KEYS) > 9
    page = show(Laboratory(**SHORT), link="#preset=nonsense")
    assert "no experiment “nonsense”" in page.get_by_role("alert").inner_text()
    assert run_button(page).inner_text() == "▶ Run"
    page.evaluate("location.hash = 'preset=zero-start'")  # a link inside the page
    page.get_by_role("button", name="W₂ times 0", pressed=True).wait_for()
    assert box(page, "Readout weights of a fourth network, times").input_value() == "0"
    assert run_button(page).inner_text() != "▶ Run"


def test_the_last_run_stays_as_a_ghost_that_says_what_changed(show):
    page = show(Laboratory(**SHORT, seeds=1))
    assert "Dotted" not in key_of_faint_lines(page)
    set_box(page, "Noise steps", "50")  # nothing was trained yet
    assert "Dotted" not in key_of_faint_lines(page)
    finish(page)
    set_box(page, "Noise steps", "30")
    assert "Dotted: the run before, with “Noise steps” 50." in key_of_faint_lines(page)
    page.get_by_text("Ready.").wait_for()


def test_other_seeds_follow_where_a_run_rests(show):
    page = show(Laboratory(**SHORT, seeds=4))
    finish(page)
    page.get_by_text("Thin: 3 more seeds.").wait_for()
    set_box(page, "Seeds drawn", "2")
    page.get_by_text("Thin: 1 more seed.").wait_for()
    assert page.get_by_text("Finished.").is_visible(), "the run itself goes on"
    assert {row["network"] for row in curves(page)} == {"fa", "noise", "bp"}


def test_every_chart_and_the_table_tell_their_values_at_one_step(show):
    page = show(Laboratory(**SHORT))
    finish(page)
    rows = {(row["network"], row["step"]): row for row in curves(page)}  # at 0 those of data
    latest = table(page)
    slider = page.get_by_role("slider", name="Step shown")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "data 30"
    assert "At step 30" in page.locator("caption").inner_text()
    for cells, name in zip(table(page), ("fa", "noise", "bp"), strict=True):
        assert cells[1] == f"{float(rows[name, '30']['angle_2']):.1f}°"
        assert cells[1] in angle_label(page)
    chart = page.locator(".wd-curves canvas").nth(1)
    shape = chart.bounding_box()
    chart.hover(position={"x": 38 + 0.1 * (shape["width"] - 48), "y": 60})  # a tenth of the steps
    assert "At step -50" in page.locator("caption").inner_text()
    assert [cells[1] for cells in table(page)][::2] == ["–", "–"], "FA and BP wait"
    page.mouse.move(1, 1)
    assert table(page) == latest


def test_sliders_are_logarithmic_for_rates_and_arrows_step_by_the_scale(show):
    page = show(Laboratory(**SHORT))
    name = "Learning rate on noise"
    slider = page.get_by_role("slider", name=name)
    set_box(page, name, "1")
    top = float(slider.input_value())
    set_box(page, name, "0.001")
    assert float(slider.input_value()) == top / 2, "half of six decades"
    box(page, name).press("ArrowUp")
    assert box(page, name).input_value() == slider.get_attribute("aria-valuetext") == "0.0011"
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    assert box(page, name).input_value() == "0.00089"
    assert "noise_lr=0.00089" in page.evaluate("location.hash")
    box(page, "Seed").press("ArrowDown")
    assert box(page, "Seed").input_value() == "4"
    noise = page.get_by_role("slider", name="Noise steps")
    noise.press("Home")
    assert box(page, "Noise steps").input_value() == "0", "below its logarithmic scale"
    noise.press("ArrowRight")
    assert box(page, "Noise steps").input_value() == "10"


@pytest.mark.parametrize("quiet, first", [(0.1, True), (0, False)])
def test_a_fourth_network_starts_quiet(show, quiet: float, first: bool):
    page = show(Laboratory(**{**SHORT, "noise": 0}, quiet=quiet))
    finish(page)
    start = {row["network"]: row for row in curves(page) if row["step"] == "0"}
    assert list(start) == ["fa", "noise", "bp", "quiet"]
    above = {name: float(row["loss"]) - np.log(10) for name, row in start.items()}  # chance
    assert above["quiet"] <= quiet * above["fa"] + 1e-9  # the loss is convex in the size of W₂
    if first:
        assert float(start["quiet"]["angle_2"]) == pytest.approx(float(start["fa"]["angle_2"]))
    else:
        assert above["quiet"] == pytest.approx(0, abs=1e-9)
        assert start["quiet"]["angle_2"] == "NaN"
    assert table(page)[3][0] == f"FA, W₂ × {quiet:g}"
    assert all("NaN" not in cell for cells in table(page) for cell in cells)


@pytest.fixture(scope="module")
def start(browser) -> Iterator:
    """What a run starts from: W and B of every network's layers, and its test images."""
    page = browser.new_page()
    module = f"{join('run.js')}\nObject.assign(window, {{ Run, prepareData }});"
    page.set_content(f"<script type=module>{module}</script>")
    page.wait_for_function("Boolean(window.Run)")
    digits = sources.digits()
    images = np.concatenate([digits["train_images"], digits["test_images"]]).reshape(-1, 64)
    labels = np.concatenate([digits["train_labels"], digits["test_labels"]])
    size = len(digits["train_images"])
    given = {"values": images.ravel().tolist(), "shape": list(images.shape)}
    sent = {"images": given, "labels": {"values": labels.tolist()}, "trainSize": size}

    def begin(**settings) -> dict:
        return page.evaluate(
            """({ settings, data, rules }) => {
              const run = new Run(settings, prepareData({ ...data, classes: 10 }), rules);
              const matrices = (network) => network.layers.flatMap(({ weight, feedback }) =>
                [Array.from(weight), Array.from(feedback)]);
              const networks = Object.entries(run.networks).map(([name, network]) =>
                [name, matrices(network)]);
              const { mean, std } = run.data;
              return { ...Object.fromEntries(networks), test: Array.from(run.test.x), mean, std };
            }""",
            {
                "settings": Laboratory(**SHORT, **settings).settings,
                "data": sent,
                "rules": rules.as_data(),
            },
        )

    yield begin
    page.close()


def assert_scaled(matrices: list, of: list, factors: list[float]) -> None:
    """W₁, B₁, W₂, B₂ are those of another network, each times its factor."""
    for matrix, other, factor in zip(matrices, of, factors, strict=True):
        np.testing.assert_allclose(matrix, factor * np.array(other))


def test_weights_are_scaled_and_feedback_is_not(start):
    plain, small = start(), start(scale=0.3)
    for name in ("fa", "noise", "bp"):
        assert_scaled(small[name], plain[name], [0.3, 1, 0.3, 1])


def test_of_the_quiet_network_the_readout_alone_is_scaled(start):
    found = start(quiet=0.1)
    assert_scaled(found["quiet"], found["fa"], [1, 1, 0.1, 1])
    assert_scaled(found["noise"], found["fa"], [1, 1, 1, 1])


def test_test_images_are_turned_counter_clockwise(start):
    found = start(turn=90)
    upright = sources.digits()["test_images"].reshape(-1, 8, 8)
    wanted = (np.rot90(upright, axes=(1, 2)) - found["mean"]) / found["std"]
    np.testing.assert_allclose(np.reshape(found["test"], wanted.shape), wanted, atol=1e-9)


def test_it_shows_what_the_networks_see(show):
    page = show(Laboratory(**SHORT))
    seen = page.locator(".wd-seen")
    page.get_by_text("What it sees: nothing yet").wait_for()
    page.get_by_role("button", name="One step").click()
    page.get_by_text("What it sees: noise").wait_for()
    assert re.search(r"labels: (\d, ){7}\d\.", seen.get_attribute("aria-label"))
    finish(page)
    page.get_by_text("What it sees: digits").wait_for()


INSIDE = "e => { const b = e.getBoundingClientRect(); return [b.top, b.bottom, b.left, b.right]; }"


def test_on_a_laptop_charts_stand_beside_controls_and_run_stays_in_view(show):
    page = show(Laboratory(**SHORT), viewport={"width": 1280, "height": 800})
    chart = page.locator(".wd-curves canvas").first
    slider = page.get_by_role("slider", name="Noise steps")
    assert chart.evaluate(INSIDE)[1] < 800
    assert slider.evaluate(INSIDE)[3] < chart.evaluate(INSIDE)[2]
    page.evaluate("scrollTo(0, 700)")
    top, bottom, *_ = run_button(page).evaluate(INSIDE)
    assert 0 <= top < bottom <= 800


def test_on_a_phone_there_is_one_column_and_run_stays_in_view(show):
    page = show(Laboratory(**SHORT), viewport={"width": 390, "height": 800})
    parts = page.locator(".wd-try, .wd-results, .wd-settings, .wd-curves canvas")
    lefts = parts.evaluate_all("all => all.map((e) => Math.round(e.getBoundingClientRect().left))")
    assert len(set(lefts)) == 1
    assert page.locator(".wd-curves canvas").first.evaluate(INSIDE)[1] < 800
    page.evaluate("scrollTo(0, 2000)")
    top, bottom, *_ = run_button(page).evaluate(INSIDE)
    assert 0 <= top < bottom <= 800


def test_python_hands_over_what_the_page_needs():
    state = Laboratory(plays=True).state()
    assert state["plays"] and not Laboratory().state()["plays"]
    rate = next(c for c in json.loads(json.dumps(state["controls"])) if c["name"] == "noise_lr")
    assert (rate["log"], rate["slider"]) == (1e-6, True)
    with pytest.raises(ValueError, match="quiet must be a number from 0 to 1, got 2"):
        Laboratory(quiet=2)

"""The widgets with a slider of steps: the numbers shown are those of the step shown."""

import numpy as np
import pandas as pd
import pytest
import torch
from pages import set_slider, show_live, table
from widget_samples import adapting, racing, spectra, turning

import fa_core as fa
from fa_core.widgets import Adaptation, Race, ScrubAlignment, SingularSpectrum


def angle_shown(page) -> float:
    return float(page.locator(".wd-big").inner_text().rstrip("°"))


def test_scrubbing_shows_the_angle_of_the_weights_at_each_step(show):
    run = turning()
    page = show(ScrubAlignment(**run))
    slider = page.get_by_role("slider")
    slider.focus()
    for t, degrees in enumerate(run["angles"]):
        assert angle_shown(page) == pytest.approx(degrees, abs=0.06)
        status = page.locator(".wd-status").inner_text()
        assert f"After {run['steps'][t]} noise steps" in status
        assert f"{run['losses'][t]:.3f}" in status
        assert f"{degrees:.1f} degrees" in slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight")


def test_the_angle_is_computed_from_the_weights_shown(show):
    """Other weights than those that the recorded angles tell of: the number follows the weights."""
    run = turning()
    widget = ScrubAlignment(**run)
    widget.feedback = {**widget.feedback, "data": bytes(bytearray(widget.feedback["data"])[::-1])}
    stored = np.frombuffer(widget.feedback["data"], "<i2").astype(float)
    w = run["weights"][0].ravel()
    cosine = stored @ w / np.linalg.norm(stored) / np.linalg.norm(w)
    page = show(widget)
    assert angle_shown(page) == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.06)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_play_runs_to_the_last_step_and_pauses(show, motion: str):
    page = show(ScrubAlignment(**turning(t=4)), reduced_motion=motion)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    shown = angle_shown(page)
    page.wait_for_timeout(300)
    assert angle_shown(page) == shown
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for(timeout=10_000)
    assert angle_shown(page) == pytest.approx(60, abs=0.06)


def test_a_chapters_worth_of_weights_stays_small():
    rng = np.random.default_rng(0)
    weights, feedback = rng.normal(size=(41, 10, 100)), rng.normal(size=(10, 100))
    cosine = (weights * feedback).sum((1, 2))
    cosine /= np.linalg.norm(weights, axis=(1, 2)) * np.linalg.norm(feedback)
    angles = np.degrees(np.arccos(cosine))
    readout = np.full((41, 10), 0.1)
    widget = ScrubAlignment(np.arange(41), weights, feedback, angles, np.ones(41), readout)
    assert len(widget.to_html()) < 400_000


@pytest.mark.parametrize(
    "name, bad, message",
    [
        ("steps", [0, 1, 2, 2, 3], "steps must increase"),
        ("steps", [0], "at least 2 whole numbers"),
        ("weights", np.ones((5, 4)), r"weights must have shape \[5, 4, 30\], got \[5, 4\]"),
        ("weights", np.zeros((5, 4, 30)), "must not be all zero"),
        ("feedback", np.full((4, 30), np.nan), "feedback must be finite"),
        ("angles", np.full(5, 80.0), "angles must be those between weights and feedback"),
        ("losses", np.ones(4), r"losses must have shape \[5\]"),
        ("readout", np.ones((5, 3)), r"readout must have shape \[5, 4\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, bad, message: str):
    with pytest.raises(ValueError, match=message):
        ScrubAlignment(**{**turning(), name: bad})


def test_index_is_kept_among_the_recorded_steps():
    widget = ScrubAlignment(**turning(t=5))
    widget.index = 99
    assert widget.index == 4


def test_in_a_notebook_the_index_follows_both_ways(browser):
    page = show_live(browser, ScrubAlignment(**turning()))
    page.get_by_role("slider").press("ArrowRight")
    assert page.evaluate("[state.index, saved]") == [1, 1]
    page.evaluate("state.index = 4; listeners['change:index']()")
    assert angle_shown(page) == pytest.approx(60, abs=0.06)
    page.evaluate("close_widget()")
    page.close()


def test_race_tells_who_reaches_a_level_and_when(show):
    page = show(Race(**racing()))
    assert [row[1] for row in table(page)] == ["10.0 %"] * 3, "it starts at 0"
    set_slider(page, "Level", 0.5)
    set_slider(page, "Step", 100)
    assert table(page) == [  # half way between two records lie 47.5 %
        ["FA", "60.0 %", "653", "3 of 3"],
        ["Noise, then FA", "60.0 %", "253", "2 of 3"],
        ["Quiet", "85.0 % at 500", "153", "3 of 3"],
    ]
    page.get_by_label("Count the noise steps").check()
    assert [row[1:3] for row in table(page)] == [
        ["85.0 % at 1,000", "653"],
        ["60.0 %", "2,253"],
        ["85.0 % at 500", "153"],
    ]
    assert "noise steps counted): FA after 653; Noise, then FA after 2,253" in (
        page.locator(".wd-status").inner_text()
    )
    set_slider(page, "Step", 50)
    assert [row[1] for row in table(page)][1] == "10.0 %", "it is still at its noise"
    set_slider(page, "Level", 0.9)
    missed = [f"not within {end}" for end in ("1,000", "3,000", "500")]
    assert [row[2:] for row in table(page)] == [[end, "0 of 3"] for end in missed]


def test_race_ends_soon_after_all_are_at_the_level(show):
    page = show(Race(**racing()))
    for level, end in ((0.5, "data step 752"), (0.9, "data step 1,000")):
        set_slider(page, "Level", level)
        set_slider(page, "Step", 100)
        slider = page.get_by_role("slider", name="Step", exact=True)
        assert slider.get_attribute("aria-valuetext") == end


def test_spectrum_shows_the_effective_rank_of_the_values_shown(show):
    given = spectra()
    page = show(SingularSpectrum(**given))
    for t in range(4):
        set_slider(page, "Training step", t)
        *rows, quiet = table(page)
        for row, values in zip(rows, given["spectra"].values(), strict=True):
            rank = fa.metrics.effective_rank(torch.diag(torch.tensor(values[t]))).item()
            assert row[1:] == [f"{rank:.2f}", f"{values[t, 0]:.3f}", f"{values[t, -1]:.3f}"]
        assert quiet == ["quiet", f"{given['ranks']['quiet'][t]:.2f}", "not kept", "not kept"]
    assert "Effective rank at step 20" in page.locator(".wd-status").inner_text()


def test_spectrum_opens_where_the_networks_differ_most(show):
    even, uneven = np.ones(6), np.array([1, 0, 0, 0, 0, 0.0])
    plain, noise = np.stack([even] * 4), np.stack([even, even, uneven, even])
    page = show(SingularSpectrum([0, 1, 2, 3], {"plain": plain, "noise": noise}))
    assert [row[1] for row in table(page)] == ["6.00", "1.00"]


def test_adaptation_shows_the_losses_of_the_chosen_task_and_their_sum(show):
    given = adapting()
    page = show(Adaptation(**given))

    def shown(task: str, amount: int) -> None:
        page.get_by_label("Task").select_option(label=task)
        set_slider(page, "Amount of noise training", amount)
        tasks = given["losses"] if task.startswith("all tasks") else [task]
        starts = [sum(given["losses"][name][m] for name in tasks) for m in (0, amount)]
        starts += [sum(by_task[name] for name in tasks) for by_task in given["others"].values()]
        for row, losses in zip(table(page), starts, strict=True):
            numbers = [losses[0], losses[-1], starts[0][-1] - losses[-1]]
            assert [float(cell) for cell in row[1:]] == pytest.approx(numbers, abs=0.00051)

    for task in ("USPS", "MNIST", "all tasks: the meta-loss"):
        shown(task, 2)
    assert [row[0] for row in table(page)] == ["FA", "noise then FA", "BP", "quiet"]
    assert "after 200 noise steps and 4 steps" in page.locator(".wd-status").inner_text()


def test_adaptation_opens_where_noise_changes_most(show):
    given = adapting()
    given["losses"]["USPS"][1, -1] = given["losses"]["USPS"][0, -1] + 9
    page = show(Adaptation(**given))
    status = page.locator(".wd-status").inner_text()
    assert "USPS, loss after 100 noise steps" in status


@pytest.mark.parametrize("make", [
    lambda source: Race(**racing(), source=source),
    lambda source: SingularSpectrum(**spectra(), source=source),
    lambda source: Adaptation(**adapting(), source=source),
])  # fmt: skip
def test_a_widget_tells_where_its_numbers_come_from(show, make):
    assert show(make("Stored: 20 networks")).get_by_text("Stored: 20 networks").is_visible()


def all_of(value: float) -> pd.DataFrame:
    return pd.DataFrame(value, index=[0, 10], columns=[0, 1])


@pytest.mark.parametrize(
    "widget, given, change, error, message",
    [
        (Race, racing, {"accuracy": {}}, ValueError, "accuracy must have 1 to 4 entries, got 0"),
        (Race, racing, {"accuracy": [1, 2]}, TypeError, "accuracy must be a dict"),
        (Race, racing, {"accuracy": {"a": [[1]]}, "noise": None}, TypeError,
         r"accuracy\['a'\] must be a DataFrame"),
        (Race, racing, {"accuracy": {"a": all_of(7.0)}, "noise": None}, ValueError,
         r"accuracy\['a'\] must lie between 0 and 1"),
        (Race, racing, {"accuracy": {"a": all_of(0.5).iloc[1:]}, "noise": None}, ValueError,
         r"steps of accuracy\['a'\] must be at least 2"),
        (Race, racing, {"accuracy": {"a": all_of(0.5).rename({0: 1})}, "noise": None}, ValueError,
         r"steps of accuracy\['a'\] must begin at 0, got 1"),
        (Race, racing, {"noise": {"x": all_of(0.5)}}, ValueError, "noise must name curves"),
        (Race, racing, {"noise": {"FA": all_of(0.5)}}, ValueError,
         r"noise\['FA'\] must have the 3 networks of accuracy, got 2"),
        (SingularSpectrum, spectra, {"spectra": {"a": np.arange(8.0).reshape(4, 2)}}, ValueError,
         "largest first"),
        (SingularSpectrum, spectra, {"spectra": {"a": np.ones((4, 2)), "b": np.ones((4, 3))}},
         ValueError, r"spectra\['b'\] must have shape \[4, 2\], got \[4, 3\]"),
        (SingularSpectrum, spectra, {"ranks": {"plain": np.ones(4)}}, ValueError,
         "ranks must name other networks than spectra, got 'plain'"),
        (SingularSpectrum, spectra, {"ranks": {"a": np.ones(3)}}, ValueError,
         r"ranks\['a'\] must have shape \[4\]"),
        (Adaptation, adapting, {"noise_steps": [5, 1]}, ValueError, "noise_steps must increase"),
        (Adaptation, adapting, {"losses": {"a": np.ones((2, 5))}}, ValueError, r"\[3, 5\]"),
        (Adaptation, adapting, {"start": 50}, ValueError, r"start must be one of \[0, 100, 200\]"),
        (Adaptation, adapting, {"others": {"BP": {"MNIST": np.ones(5)}}}, ValueError,
         r"others\['BP'\] must have the tasks \['MNIST', 'USPS'\], got \['MNIST'\]"),
        (Adaptation, adapting, {"others": {"BP": {"MNIST": [1.0], "USPS": [1.0]}}},
         ValueError, r"others\['BP'\]\['MNIST'\] must have shape \[5\]"),
    ],
)  # fmt: skip
def test_curves_that_do_not_fit_are_refused(widget, given, change, error, message):
    with pytest.raises(error, match=message):
        widget(**{**given(), **change})

"""The widgets with a slider of steps: the numbers shown are those of the step shown."""

import numpy as np
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
    set_slider(page, "Level", 0.5)
    fa_row, noise_row = table(page)
    assert fa_row == ["FA", "85.0 %", "700", "3 of 3"]
    assert noise_row == ["Noise, then FA", "60.0 %", "300", "2 of 3"]
    page.get_by_label("Count the noise steps").check()
    assert table(page)[1][2] == "1,300"
    assert "noise steps counted): FA after 700; Noise, then FA after 1,300" in (
        page.locator(".wd-status").inner_text()
    )
    set_slider(page, "Level", 0.9)
    assert [row[2:] for row in table(page)] == [["not reached", "0 of 3"]] * 2
    set_slider(page, "Data step", 0)
    assert [row[1] for row in table(page)] == ["10.0 %", "10.0 %"]


def test_spectrum_shows_the_effective_rank_of_the_values_shown(show):
    given = spectra()
    page = show(SingularSpectrum(**given))
    for t in range(4):
        set_slider(page, "Training step", t)
        for row, values in zip(table(page), given["spectra"].values(), strict=True):
            rank = fa.metrics.effective_rank(torch.diag(torch.tensor(values[t]))).item()
            assert row[1:] == [f"{rank:.2f}", f"{values[t, 0]:.3f}", f"{values[t, -1]:.3f}"]
    assert "Effective rank at step 20" in page.locator(".wd-status").inner_text()


def test_adaptation_shows_the_losses_of_the_chosen_task_and_their_sum(show):
    given = adapting()
    page = show(Adaptation(**given))
    page.get_by_label("Task").select_option("USPS")
    set_slider(page, "Amount of noise training", 2)
    first, end = given["losses"]["USPS"][2, [0, -1]]
    meta = sum(curves[2, -1] for curves in given["losses"].values())
    status = page.locator(".wd-status").inner_text()
    assert f"USPS after 200 noise steps: loss {first:.3f} before and {end:.3f} after" in status
    assert f"Meta-loss, the sum over tasks: {meta:.3f}" in status


@pytest.mark.parametrize(
    "widget, given, change, error, message",
    [
        (Race, racing, {"accuracy": {}}, ValueError, "accuracy must have 1 to 3 entries, got 0"),
        (Race, racing, {"accuracy": [1, 2]}, TypeError, "accuracy must be a dict"),
        (Race, racing, {"accuracy": {"a": np.full((2, 11), 7.0)}, "noise_steps": None}, ValueError,
         r"accuracy\['a'\] must lie between 0 and 1"),
        (Race, racing, {"noise_steps": {"x": 3}}, ValueError, "noise_steps must name curves"),
        (SingularSpectrum, spectra, {"spectra": {"a": np.arange(8.0).reshape(4, 2)}}, ValueError,
         "largest first"),
        (SingularSpectrum, spectra, {"spectra": {"a": np.ones((4, 2)), "b": np.ones((4, 3))}},
         ValueError, r"spectra\['b'\] must have shape \[4, 2\], got \[4, 3\]"),
        (Adaptation, adapting, {"noise_steps": [5, 1]}, ValueError, "noise_steps must increase"),
        (Adaptation, adapting, {"losses": {"a": np.ones((2, 5))}}, ValueError, r"\[3, 5\]"),
    ],
)  # fmt: skip
def test_curves_that_do_not_fit_are_refused(widget, given, change, error, message):
    with pytest.raises(error, match=message):
        widget(**{**given(), **change})

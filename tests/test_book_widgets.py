"""Every widget of the built book, driven on its own page with no network and no kernel.

What a page must show after a control is moved is computed here from the numbers it carries.
"""

import base64
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pages import curves, finish, offline_page, set_box, set_slider, table

from fa_core import widgets


def unpack(packed: dict) -> np.ndarray:
    """What ``pack`` in ``_widget.py`` packed."""
    values = np.frombuffer(base64.b64decode(packed["data"]["base64"]), np.dtype(packed["kind"]))
    return values.astype(float).reshape(packed["shape"]) * packed["scale"]


def drive_scrub_alignment(host, state: dict) -> None:
    back = unpack(state["feedback"]).ravel()
    for t, forward in enumerate(unpack(state["weights"])):
        cosine = forward.ravel() @ back / np.linalg.norm(forward) / np.linalg.norm(back)
        angle = math.degrees(math.acos(cosine))
        assert f"{angle:.1f}" == host.locator(".wd-big").inner_text().rstrip("°")
        assert f"the loss {state['losses'][t]:.3f}" in host.locator(".wd-status").inner_text()
        host.get_by_role("slider").press("ArrowRight")


def drive_race(host, state: dict) -> None:
    def arrival(steps: list[int], accuracy: np.ndarray, level: float) -> float:
        now = int(np.argmax(accuracy >= level))
        if accuracy[now] < level:
            return math.inf
        return float(np.interp(level, *np.array([accuracy, steps])[:, max(now - 1, 0) : now + 1]))

    host.get_by_label("Count the noise steps too").check()
    for level in (0.5, 0.9):
        set_slider(host, "Level", level)
        for row, runner in zip(table(host), state["runners"], strict=True):
            steps, accuracy = runner["data"]["steps"], unpack(runner["data"]["accuracy"])
            late = runner["noise"]["steps"][-1] if runner["noise"] else 0
            arrivals = [arrival(steps, curve, level) + late for curve in accuracy]
            there = np.isfinite(arrivals).sum()
            assert row[3] == f"{there} of {len(accuracy)}"
            if math.isfinite(middle := np.median(arrivals)):
                assert float(row[2].replace(",", "")) == pytest.approx(middle, abs=0.51)
            else:
                assert row[2] == f"not within {steps[-1] + late:,}"


def drive_singular_spectrum(host, state: dict) -> None:
    for t in (0, len(state["steps"]) - 1):
        set_slider(host, "Training step", t)
        rows = table(host)
        for row, packed in zip(rows, state["spectra"], strict=False):
            values = unpack(packed)[t]
            shares = values[values > 0] / values.sum()
            rank = math.exp(-(shares * np.log(shares)).sum())
            assert float(row[1]) == pytest.approx(rank, abs=0.0051)
            assert float(row[2]) == pytest.approx(values[0], abs=0.00051)
        for row, ranks in zip(rows[len(state["spectra"]) :], state["ranks"], strict=True):
            assert float(row[1]) == pytest.approx(ranks[t], abs=0.0051)


def drive_drag_digit(host, state: dict) -> None:
    def read(network: dict, images: np.ndarray) -> np.ndarray:
        """Probabilities ``[networks, images, classes]``."""
        x = (images.reshape(1, len(images), -1) - state["mean"]) / state["std"]
        for number, layer in enumerate(network["layers"]):
            x = np.maximum(x, 0) if number else x
            x = x @ unpack(layer["weight"]).swapaxes(1, 2) + unpack(layer["bias"])[:, None]
        p = np.exp(x - x.max(-1, keepdims=True))
        return p / p.sum(-1, keepdims=True)

    def reads(image: np.ndarray) -> None:
        texts = host.locator(".wd-bars").get_attribute("aria-label").split(";")
        for text, network in zip(texts, state["networks"], strict=True):
            shown = re.findall(r"\d (\d\.\d+)", text)
            p = read(network, image[None])[:, 0].mean(0)
            np.testing.assert_allclose([float(share) for share in shown], p, atol=0.0006)

    images = unpack(state["images"])
    reads(images[0])
    host.get_by_role("button", name="Next digit").click()
    reads(images[1])
    set_slider(host, "Shift right", 1)
    moved = np.pad(images, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]
    reads(moved[1])
    host.locator(".wd-scroll[aria-busy=false]").wait_for()
    for row, network in zip(table(host), state["networks"], strict=True):
        for cell, shown in zip(row[1:3], (images, moved), strict=True):
            accuracy = (read(network, shown).argmax(-1) == state["labels"]).mean()
            assert float(cell.rstrip(" %")) == pytest.approx(100 * accuracy, abs=0.051)
    host.get_by_role("button", name="Draw", exact=True).click()
    reads(np.zeros_like(images[0]))
    host.locator(".wd-drag").click()
    assert "Your drawing" in host.locator(".wd-status").inner_text()


def drive_adaptation(host, state: dict) -> None:
    losses = [unpack(packed) for packed in state["losses"]]
    others = [unpack(other["losses"]) for other in state["others"]]
    for number, task in enumerate(state["tasks"]):
        host.get_by_label("Task").select_option(label=task)
        for amount in (0, len(state["noise_steps"]) - 1):
            set_slider(host, "Amount of noise training", amount)
            starts = [
                losses[number][0],
                losses[number][amount],
                *(curves[number] for curves in others),
            ]
            shown = [[float(cell) for cell in row[1:3]] for row in table(host)]
            np.testing.assert_allclose(shown, [[s[0], s[-1]] for s in starts], atol=0.00051)


def drive_laboratory(host, state: dict) -> None:
    page = host.page
    for label, value in {"Noise steps": 60, "Data steps": 40, "Hidden units": 16}.items():
        set_box(host, label, str(value))
    host.get_by_label("Speed").select_option("30")
    host.get_by_role("button", name="Run").click()
    host.get_by_text(re.compile(r"^Noise step [1-9]")).wait_for()  # at step 0 it would be "Ready"
    host.get_by_role("button", name="Pause").click()
    host.get_by_text("Paused.").wait_for()
    host.get_by_role("button", name="Reset").click()
    host.get_by_text("Noise step 0 of 60", exact=True).wait_for()
    host.get_by_role("button", name="One step").click()
    host.get_by_text("Noise step 1 of 60", exact=True).wait_for()
    finish(page)
    rows = curves(page)
    assert rows[-1]["step"] == "40"
    assert {cells[1] for cells in table(host)} == {f"{float(r['angle_2']):.1f}°" for r in rows[-3:]}
    page.reload()  # the link stands in the address
    finish(page)
    assert curves(page) == rows


def drive_rate_ratio(host, state: dict) -> None:
    for labels in ("random", "uniform"):
        host.get_by_label("Labels").select_option(labels)
        set_slider(host, "Rate ratio", state["ratios"].index(10))
        host.get_by_role("button", name="▶ Train").click()
        host.get_by_role("rowheader", name="10", exact=True).wait_for(timeout=120_000)
        (row,) = (cells for cells in table(host) if cells[0] == "10")
        assert row[3] == row[4]
        found = re.search(
            r"raw ([\d.]+)° at first, lowest (.*?), now", host.locator(".wd-status").inner_text()
        )
        assert found and row[1] == found[2] and float(row[1].split("°")[0]) < float(found[1]) - 5


def drive_opening(host, state: dict) -> None:
    button = host.get_by_role("button")
    button.click()
    assert button.inner_text() == "Play"
    button.click()
    host.get_by_text(re.compile(r"^Digits: step")).wait_for(timeout=30_000)
    host.get_by_role("button", name="Replay").wait_for(timeout=30_000)
    button.click()
    host.get_by_text(f"of {state['settings']['noise']:,}.").wait_for()


def drive_start_plane(host, state: dict) -> None:
    """Each start that was trained is found where it was, and noise beside it."""
    shape = (len(state["sets"]), 2, len(state["norms"]), len(state["angles"]), 2)
    areas = 100 * unpack(state["starts"]["area"]).reshape(shape)
    noise = 100 * unpack(state["noise"]["area"])
    for set_, own in enumerate(areas):
        host.get_by_label("Data").select_option(str(set_))
        for noisy, plane in enumerate(own):
            host.get_by_label("W₁").select_option(str(noisy))
            for n, a in ((0, 0), (1, 2), (len(plane) - 1, 0)):
                set_slider(host, "Norm", state["norms"][n])
                set_slider(host, "Angle", state["angles"][a])
                for row, (mean, half) in zip(table(host), (plane[n, a], noise[set_]), strict=False):
                    found = [float(number) for number in re.findall(r"[\d.]+", row[2])]
                    assert found == pytest.approx([mean, half], abs=0.0501)
                assert ": measured" in host.locator(".wd-status").inner_text()


DRIVERS: dict[str, Callable] = {
    "Laboratory": drive_laboratory,
    "Opening": drive_opening,
    "ScrubAlignment": drive_scrub_alignment,
    "Race": drive_race,
    "RateRatio": drive_rate_ratio,
    "SingularSpectrum": drive_singular_spectrum,
    "StartPlane": drive_start_plane,
    "DragDigit": drive_drag_digit,
    "Adaptation": drive_adaptation,
}


def pages_with(site: Path, kind: str) -> list[Path]:
    mark = f'class="wd-host wd-kind-{kind}"'
    return [page for page in sorted(site.rglob("*.html")) if mark in page.read_text("utf-8")]


def test_every_kind_of_widget_has_a_driver():
    assert set(DRIVERS) == set(widgets.__all__)


@pytest.mark.parametrize("kind", DRIVERS)
def test_widget_of_the_built_book_follows_its_reader(site: Path, browser, kind: str):
    pages = pages_with(site, kind)
    assert pages, f"no page of the book holds a {kind}"
    for file in pages:
        with offline_page(browser, "file:", viewport={"width": 1280, "height": 900}) as page:
            page.goto(file.as_uri())
            for host in page.locator(f".wd-kind-{kind}").all():
                payload = host.locator('script[type="application/json"]').text_content()
                DRIVERS[kind](host, json.loads(payload)["state"])
                for box in host.locator(".wd-scroll").all():
                    assert box.evaluate("e => e.scrollWidth - e.clientWidth") <= 0

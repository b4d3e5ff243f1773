"""Chapter 4's widget: a digit moved or drawn by hand is read as torch reads it."""

import re

import numpy as np
import pytest
import torch
from pages import set_slider
from widget_samples import dragging

import fa_core as fa
from fa_core.widgets import DragDigit


def readouts(page) -> np.ndarray:
    labels = page.locator(".wd-short").evaluate_all("all => all.map(e => e.ariaLabel)")
    return np.array([[float(p) for p in re.findall(r"\d (\d\.\d+)", text)] for text in labels])


def expected_readouts(given: dict, image: np.ndarray) -> np.ndarray:
    x = torch.tensor((image.ravel() - given["mean"]) / given["std"]).float()
    networks = given["networks"].values()
    return np.array([net(x[None]).softmax(-1)[0].detach().numpy() for net in networks])


def test_dragged_digits_are_read_as_torch_reads_them(show):
    given = dragging()
    image = given["images"][1].astype(float)
    page = show(DragDigit(**given))
    page.get_by_role("button", name="Next digit").click()

    def shows(moved: np.ndarray) -> None:
        np.testing.assert_allclose(readouts(page), expected_readouts(given, moved), atol=2e-3)

    shows(image)
    set_slider(page, "Shift right", 1)
    set_slider(page, "Shift down", -2)
    shifted = np.zeros_like(image)
    shifted[:-2, 1:] = image[2:, :-1]
    shows(shifted)
    page.get_by_role("button", name="Put it back").click()
    shows(image)
    set_slider(page, "Turn", 90)
    square = np.zeros((7, 7))
    square[:, 1:6] = image
    shows(np.rot90(square)[:, 1:6])
    page.get_by_role("button", name="Put it back").click()
    set_slider(page, "Scale", 2)
    r, c = np.mgrid[:7, :5]
    top, left = (r - 3) / 2 + 3, (c - 2) / 2 + 2  # bilinear, by hand
    r0, c0 = np.floor(top).astype(int), np.floor(left).astype(int)
    padded = np.pad(image, 1)
    wy, wx = top - r0, left - c0
    low = (1 - wx) * padded[r0 + 1, c0 + 1] + wx * padded[r0 + 1, c0 + 2]
    high = (1 - wx) * padded[r0 + 2, c0 + 1] + wx * padded[r0 + 2, c0 + 2]
    shows((1 - wy) * low + wy * high)


def test_a_digit_follows_the_pointer(show):
    page = show(DragDigit(**dragging()))
    box = page.locator(".wd-drag").bounding_box()
    unit = min(box["width"], box["height"]) / 5
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + unit, y, steps=4)
    page.mouse.up()
    page.mouse.move(x + 3 * unit, y)
    assert page.get_by_label("Shift right").get_attribute("aria-valuetext") == "1.0 px"
    turn = page.get_by_role("slider", name="Turn")
    turn.press("ArrowLeft")
    assert turn.get_attribute("aria-valuetext") == "-1°"


def test_three_networks_of_784_100_10_stay_small_and_read_alike(show):
    networks = {name: fa.MLP([784, 100, 10], seed=i) for i, name in enumerate("abc")}
    images = np.random.default_rng(0).integers(0, 256, size=(5, 28, 28))
    given = {"networks": networks, "images": images, "labels": range(5), "mean": 127.0, "std": 74.0}
    widget = DragDigit(**given)
    assert len(widget.to_html()) < 400_000
    found = readouts(show(widget))
    np.testing.assert_allclose(found, expected_readouts(given, images[0].astype(float)), atol=0.03)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"std": 0}, "std must be above 0, got 0"),
        ({"images": -np.ones((3, 7, 5))}, "from 0 to 255"),
        ({"labels": [1]}, r"labels must have shape \[3\]"),
        ({"networks": {"a": []}}, "at least one layer"),
        (
            {"networks": {"a": [(np.ones((2, 3)), np.ones(2))]}},
            r"layer 1 weight must have shape \[out, 35\], got \[2, 3\]",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        DragDigit(**{**dragging(), **change})

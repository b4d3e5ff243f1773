"""Chapter 4's widget: what is moved or drawn by hand is read as torch reads it."""

import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from pages import set_slider, table
from widget_samples import dragging

import fa_core as fa
from fa_core.results.samples import interval
from fa_core.widgets import DragDigit


def readouts(page) -> np.ndarray:
    text = page.locator(".wd-bars").get_attribute("aria-label")
    return np.array([[float(p) for p in re.findall(r"\d (\d\.\d+)", of)] for of in text.split(";")])


def read(net: fa.MLP, given: dict, images: np.ndarray) -> torch.Tensor:
    """What every network reads in every image, ``[networks, images, classes]``."""
    x = torch.tensor((images.reshape(len(images), -1) - given["mean"]) / given["std"]).float()
    return net(x).softmax(-1).detach().reshape(-1, len(images), 10)


def expected_readouts(given: dict, image: np.ndarray) -> np.ndarray:
    networks = given["networks"].values()
    return np.array([read(net, given, image[None])[:, 0].mean(0).numpy() for net in networks])


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


def test_all_test_images_move_with_the_digit(show):
    given = dragging()
    page = show(DragDigit(**given))
    set_slider(page, "Shift right", 1)
    set_slider(page, "Shift down", -2)
    page.locator(".wd-scroll[aria-busy=false]").wait_for()
    images = given["images"].astype(float)
    moved = np.zeros_like(images)
    moved[:, :-2, 1:] = images[:, 2:, :-1]

    def accuracies(net: fa.MLP, shown: np.ndarray) -> np.ndarray:
        right = read(net, given, shown).argmax(-1) == torch.tensor(given["labels"])
        return 100 * right.double().mean(1).numpy()

    before, after = (
        {name: accuracies(net, shown) for name, net in given["networks"].items()}
        for shown in (images, moved)
    )
    rows = table(page)
    assert [row[0] for row in rows] == ["FA", "BP"]
    for row in rows:
        shown = [float(cell.rstrip(" %")) for cell in row[1:3]]
        means = [found[row[0]].mean() for found in (before, after)]
        assert shown == pytest.approx(means, abs=0.051)
    mean, low, _ = interval(after["BP"] - after["FA"])
    above = [float(number) for number in rows[1][3].replace("−", "-").split(" ± ")]
    assert above == pytest.approx([mean, mean - low], abs=0.051)
    assert rows[0][3] == ""
    status = page.locator(".wd-status").inner_text()
    assert f"Accuracy on 40 test images moved alike: FA {rows[0][2]}, BP {rows[1][2]}" in status


def test_the_table_counts_the_networks_that_agree_on_the_digit(show):
    given = dragging()
    page = show(DragDigit(**given))
    for row, net in zip(table(page), given["networks"].values(), strict=True):
        votes = torch.bincount(read(net, given, given["images"][:1]).argmax(-1)[:, 0], minlength=10)
        answer = int(votes.argmax())
        mark = "✓" if answer == given["labels"][0] else "✗"
        assert row[4] == f"{answer} ({votes[answer]} of 4) {mark}"


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


def blank(side: int) -> dict:
    """Two populations that read images of side x side pixels, and two such images."""
    images = np.random.default_rng(0).integers(0, 256, size=(2, side, side))
    sizes = [side * side, 12, 10]
    networks = {name: fa.MLP(sizes, networks=2, seed=i) for i, name in enumerate(("FA", "BP"))}
    return {"networks": networks, "images": images, "labels": [3, 1], "mean": 40.0, "std": 80.0}


def inked(side: int, path: list[tuple[float, float]], white: float) -> np.ndarray:
    """The pen by other means: from each pixel to the nearest of many points on the path."""
    places = np.array(path, dtype=float)
    share = np.linspace(0, 1, 400)[:, None]
    points = [a + share * (b - a) for a, b in pairwise(places)]
    r, c = np.mgrid[:side, :side]
    away = np.stack([c, r], -1)[:, :, None] - np.concatenate([places, *points])
    distance = np.linalg.norm(away, axis=-1).min(-1)
    return white * np.clip(max(0.5, 0.045 * side) + 0.5 - distance, 0, 1)


def draw(page, side: int, path: list[tuple[float, float]]) -> None:
    """Moves the mouse, held down, through places [column, row] of the image's grid."""
    box = page.locator(".wd-drag").bounding_box()
    unit = min(box["width"], box["height"]) / side
    left = box["x"] + box["width"] / 2 - (side / 2 - 0.5) * unit
    top = box["y"] + box["height"] / 2 - (side / 2 - 0.5) * unit
    for number, (column, row) in enumerate(path):
        page.mouse.move(left + column * unit, top + row * unit)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


@pytest.mark.parametrize("side", [8, 28])
@pytest.mark.parametrize("width", [800, 390])
def test_a_drawing_is_read_as_torch_reads_it(show, side: int, width: int):
    given = blank(side)
    white = given["images"].max()
    page = show(DragDigit(**given), viewport={"width": width, "height": 1000})

    def shows(image: np.ndarray) -> None:
        np.testing.assert_allclose(readouts(page), expected_readouts(given, image), atol=6e-3)

    page.get_by_role("button", name="Draw", exact=True).click()
    assert "Draw a digit" in page.locator(".wd-status").inner_text()
    shows(np.zeros((side, side)))
    at = side / 8
    first = [(2 * at, at), (5 * at, 2 * at), (2 * at, 6 * at)]
    draw(page, side, first)
    shows(inked(side, first, white))
    second = [(3 * at, 4 * at), (5 * at, 4 * at)]
    draw(page, side, second)
    both = np.maximum(inked(side, first, white), inked(side, second, white))
    shows(both)
    assert not re.search("✓|✗|wrong", page.locator(".wd-widget").inner_text()), "it has no label"

    page.get_by_role("button", name="Next digit").click()
    shows(given["images"][1].astype(float))
    page.get_by_role("button", name="Draw", exact=True).click()
    shows(both)  # kept
    page.get_by_role("button", name="Clear").click()
    shows(np.zeros((side, side)))


def test_ink_appears_under_the_pointer_on_a_moved_drawing(show):
    given = blank(28)
    page = show(DragDigit(**given))
    page.get_by_role("button", name="Draw", exact=True).click()
    set_slider(page, "Turn", 90)
    set_slider(page, "Shift right", 3)
    path = [(8.0, 10.0), (16.0, 10.0), (16.0, 17.0)]
    draw(page, 28, path)
    shown = inked(28, path, given["images"].max())
    np.testing.assert_allclose(readouts(page), expected_readouts(given, shown), atol=6e-3)


def test_a_finger_draws_and_the_page_does_not_scroll(show):
    given = blank(8)
    size = {"width": 390, "height": 800}
    page = show(DragDigit(**given), has_touch=True, is_mobile=True, viewport=size)
    page.get_by_role("button", name="Draw", exact=True).tap()
    canvas = page.locator(".wd-drag")
    assert canvas.evaluate("e => getComputedStyle(e).touchAction") == "none"
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    dot = inked(8, [(3.5, 3.5)], given["images"].max())
    np.testing.assert_allclose(readouts(page), expected_readouts(given, dot), atol=6e-3)


def test_drawing_needs_no_pointer_to_be_left_again(show):
    page = show(DragDigit(**blank(8)))
    pen = page.get_by_role("button", name="Draw", exact=True)
    pen.press("Enter")
    assert pen.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Next digit").press("Enter")
    assert pen.get_attribute("aria-pressed") == "false"
    assert not page.get_by_role("button", name="Clear").is_visible()
    assert "The digit 1" in page.locator(".wd-status").inner_text()


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
        ({"labels": [1]}, r"labels must have shape \[40\]"),
        ({"networks": {"a": []}}, "at least one layer"),
        (
            {"networks": {"a": [(np.ones((2, 3)), np.ones(2))]}},
            r"layer 1 weight must have shape \[networks, out, 35\], got \[1, 2, 3\]",
        ),
        (
            {"networks": {name: fa.MLP([35, 10], networks=n) for name, n in (("a", 2), ("b", 3))}},
            r"networks must hold as many networks each, got \{'a': 2, 'b': 3\}",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        DragDigit(**{**dragging(), **change})

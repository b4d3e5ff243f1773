"""StartPlane: what is shown of a start is what was measured there, or lies between measurements."""

import json

import pytest
from pages import set_slider, table
from widget_samples import starting

from fa_core.results.store import Store
from fa_core.widgets import StartPlane, start_plane
from fa_core.widgets._widget import _jsonable

HALF = 12.706 * 0.01  # of the 95 % t interval of two numbers 0.02 apart


def area(norm: float, angle: float, noisy: bool = False, second: bool = False) -> str:
    mean = 0.8 - 0.3 * norm * angle / 90 + 0.05 * noisy - 0.1 * second
    return f"{100 * mean:.1f} ± {100 * HALF:.1f} %"


def status(page) -> str:
    return page.locator(".wd-status").inner_text()


def rows(page) -> dict[str, list[str]]:
    return {name: cells for name, *cells in table(page)}


def test_a_start_is_interpolated_or_measured_and_the_others_stay(show):
    page = show(StartPlane(*starting()))
    first = rows(page)
    assert first.pop("your start")[:2] == ["0.30, 45°", area(0.3, 45)]
    assert first["noise"] == ["0.60, 70°", area(0.6, 70, True), "25 ± 64"]
    assert first["usual start"] == ["1.00, 90°", area(1, 90), "not reached"]
    assert first["W₂ = 0"] == ["0, no angle", area(0, 90), "42 ± 25"]
    assert "interpolated between measured starts, n = 2 networks" in status(page)

    set_slider(page, "Norm", 0.5)
    assert "0.50, 45°: measured" in status(page)
    set_slider(page, "Angle", 90)
    assert rows(page)["your start"] == ["0.50, 90°", area(0.5, 90), "≥ 70 ± 381"]
    set_slider(page, "Norm", 1)
    assert "70 % not reached" in status(page)
    set_slider(page, "Norm", 0)
    set_slider(page, "Angle", 20)  # of a W2 of zero there is but one start
    assert rows(page)["your start"][:2] == ["0, no angle", area(0, 90)]
    assert "measured" in status(page) and "interpolated" not in status(page)

    page.get_by_label("W₁").select_option("after noise")
    assert rows(page)["your start"][1] == area(0, 90, noisy=True)
    assert {name: cells for name, cells in rows(page).items() if name in first} == first
    page.get_by_label("Data").select_option("MNIST")
    assert rows(page)["noise"][1] == area(0.6, 70, noisy=True, second=True)
    assert rows(page)["your start"][1] == area(0, 90, noisy=True, second=True)
    assert "60 % after" in status(page)


def test_the_start_follows_pointer_and_keys_within_the_plane(show):
    page = show(StartPlane(*starting()))
    plane = page.locator(".wd-drag")
    box = plane.bounding_box()
    right, bottom = box["x"] + box["width"] - 14, box["y"] + box["height"] - 26
    page.mouse.move(right - 4, bottom - 5)
    page.mouse.down()
    assert "1.00, 90°: measured" in status(page), "near a trained start the pointer finds it"
    page.mouse.move(right - 60, bottom + 200)
    norm, angle = plane.get_attribute("aria-valuetext").split(" ")[-2:]
    assert 0.7 < float(norm.rstrip(",")) < 0.9 and angle == "90°"
    page.mouse.up()
    page.mouse.move(right - 90, bottom - 90)
    assert plane.get_attribute("aria-valuetext").endswith(f"{norm} {angle}"), "it was let go"
    plane.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowDown"):
        plane.press(key)
    left = float(norm.rstrip(",")) - 0.01
    assert plane.get_attribute("aria-valuetext").endswith(f"{left:.2f}, 89°")
    dial = page.get_by_role("slider", name="Norm", exact=True)
    assert float(dial.input_value()) == pytest.approx(left)


def test_the_published_table_is_shown_and_its_lack_is_named(monkeypatch, tmp_path):
    plane = StartPlane()
    assert [data["title"] for data in plane.sets] == ["MNIST", "Fashion-MNIST"]
    assert plane.networks == 20 and len(json.dumps(_jsonable(plane.state()))) < 10_000
    for data in plane.sets:
        assert 0.4 < data["norm"] < 0.6 and 65 < data["angle"] < 80
    monkeypatch.setattr(start_plane, "published", lambda: Store(tmp_path))
    with pytest.raises(FileNotFoundError, match="fa-core run factorial --profile paper"):
        StartPlane()


def test_arguments_are_checked_and_described():
    config, made = starting()
    assert "usual start 45.0 %, W2 = 0 75.0 %" in StartPlane(config, made).description()
    with pytest.raises(TypeError, match="table must be a pandas DataFrame"):
        StartPlane(config)
    with pytest.raises(TypeError, match="config must be one of the experiment factorial"):
        StartPlane(table=made)
    with pytest.raises(KeyError, match="norm 1, 0 degrees, W1 noisy; mnist"):
        StartPlane(config, made[made["condition"] != "norm 1, 0 degrees, W1 noisy; mnist"])

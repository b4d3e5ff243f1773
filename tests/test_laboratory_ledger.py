"""The laboratory under plain SGD: its ledger, rates by layer, the class-centred angle, links."""

import re

import pytest
from pages import box, curves, finish, set_box, table

from fa_core.widgets import Laboratory

SHORT = {"noise": 60, "data": 40, "hidden": 16, "batch": 32, "seed": 5}


def sides(row: dict) -> tuple[float, float]:
    return float(row["turned_2"]), float(row["grown_2"])


def layer(page):
    return page.locator("select", has_text="W2 and B2")


def network(page):
    return page.locator("select", has_text="Noise, then")


def shown(page) -> list[str]:
    """The numbers beside the ledger's figure: both sides, the random walk, the size of W."""
    return page.locator(".wd-sums dd").all_inner_texts()


def caption(page) -> str:
    return page.locator(".wd-ledger .wd-note").inner_text()


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_both_sides_are_one_number_under_sgd_alone(show, optimiser: str):
    page = show(Laboratory(**SHORT, optimiser=optimiser, ratio=4))
    finish(page)
    rows = [row for row in curves(page) if row["network"] != "bp"]
    last = [row for row in rows if row["network"] == "noise"][-1]
    if optimiser == "sgd":
        for row in rows:
            assert sides(row)[0] == pytest.approx(sides(row)[1], rel=1e-6, abs=1e-9)
        assert shown(page)[0] == shown(page)[1] and "one number" in caption(page)
    else:
        assert sides(last)[0] != pytest.approx(sides(last)[1], rel=0.1)
        assert "Adam" in caption(page)
    at_zero = [row for row in rows if row["network"] == "noise" and row["step"] == "0"]
    assert sides(at_zero[0]) == sides(at_zero[1]), "the ledger goes on when noise ends"
    assert sides(at_zero[0])[0] != 0
    assert shown(page)[0] == f"{float(f'{sides(last)[0]:.4g}'):,g}"
    described = page.locator(".wd-ledger canvas").get_attribute("aria-label")
    assert all(number in described for number in shown(page)[:2])


@pytest.mark.parametrize(
    "settings, word",
    [
        ({"rule": "bp"}, "not by B"),
        ({"rule": "kp"}, "B moves"),
        ({"rule": "fa", "decay": 1}, "Weight decay"),
        ({"rule": "dfa"}, "one number"),
        ({"rule": "dfa", "depth": 3}, "one number"),
    ],
)
def test_the_caption_says_why_the_lines_part(show, settings: dict, word: str):
    page = show(Laboratory(**SHORT, optimiser="sgd", **settings))
    finish(page)
    assert word in caption(page)
    assert (shown(page)[0] == shown(page)[1]) == (word == "one number")
    if settings.get("depth") == 3:
        layer(page).select_option("2")
        assert "another shape" in caption(page) and shown(page)[0] == "–"
    network(page).select_option("fa")
    assert ("one number" in caption(page)) == ("decay" not in settings)


def test_layers_of_a_deep_network_have_ledgers_of_their_own(show):
    page = show(Laboratory(**SHORT, optimiser="sgd", depth=3))
    finish(page)
    readout = shown(page)
    layer(page).select_option("2")
    assert shown(page)[0] == shown(page)[1] and shown(page) != readout


def test_a_link_carries_optimiser_ratio_labels_and_angle(show):
    page = show(Laboratory(**SHORT))
    page.get_by_label("Optimiser").select_option("sgd")
    set_box(page, "Rate of hidden layers over readout", "3.5")
    page.get_by_label("Labels").select_option("uniform")
    page.get_by_label("Angle shown").select_option("centred")
    finish(page)
    first, link = curves(page), page.evaluate("location.hash")
    for part in ("optimiser=sgd", "ratio=3.5", "labels=uniform", "angle=centred", "noise_lr=0.1"):
        assert f"&{part}" in link
    again = show(Laboratory(), link=link)
    finish(again)
    assert curves(again) == first
    assert table(again) == table(page)


def test_choosing_an_optimiser_sets_rates_of_its_own(show):
    page = show(Laboratory(**SHORT, noise_lr=0.002))
    rates = [box(page, f"Learning rate on {kind}") for kind in ("noise", "data")]
    page.get_by_label("Optimiser").select_option("sgd")
    assert [rate.input_value() for rate in rates] == ["0.1", "0.1"]
    rates[0].fill("")
    rates[0].blur()
    assert rates[0].input_value() == "0.1"
    page.get_by_label("Optimiser").select_option("adam")
    assert [rate.input_value() for rate in rates] == ["0.0005", "0.0003"]
    assert box(page, "Hidden units").input_value() == "16"


def test_the_angle_shown_changes_without_a_new_run(show):
    page = show(Laboratory(**SHORT, optimiser="sgd", depth=3))
    finish(page)
    rows = curves(page)[-3:]
    page.get_by_label("Angle shown").select_option("centred")
    page.get_by_text("Class-centred angle between W₃").wait_for()
    assert page.get_by_text("Finished.").is_visible() and curves(page)[-3:] == rows
    assert [cells[1] for cells in table(page)] == [
        f"{float(row['centred_angle']):.1f}°" for row in rows
    ]
    assert rows[0]["centred_angle"] != rows[0]["angle_3"]
    assert page.evaluate("location.hash").endswith("&angle=centred")
    layer(page).select_option("2")  # has no classes
    assert [cells[1] for cells in table(page)] == [f"{float(row['angle_2']):.1f}°" for row in rows]
    assert page.get_by_text("Class-centred angle between").count() == 0


def test_a_guide_starts_over_even_where_its_settings_stand_already(show):
    page = show(Laboratory())
    page.get_by_label("Speed").select_option("30")
    for name in ("The law under SGD", "The law under SGD", "Labels 1/K under SGD"):
        page.get_by_role("button", name=name).click()
        page.get_by_text(re.compile(r"^Noise step \d of")).wait_for()
        page.get_by_text(re.compile(r"^Noise step \d\d of")).wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused.").wait_for()
    assert page.get_by_label("Angle shown").input_value() == "centred"
    assert box(page, "Learning rate on noise").input_value() == "0.1"
    assert shown(page)[0] == shown(page)[1] != "–"


def test_a_damaged_link_is_repaired_to_first_values_of_its_optimiser(show):
    link = "#lab&optimiser=sgd&noise_lr=odd&ratio=0&angle=none"
    page = show(Laboratory(), link=link)
    note = page.get_by_role("alert").inner_text()
    for part in ("“odd” became 0.1", "0 became 0.001", "“none” became raw"):
        assert part in note
    page = show(Laboratory(), link="#lab&optimiser=constructor")
    assert "must be one of adam, sgd: “constructor”" in page.get_by_role("alert").inner_text()
    assert box(page, "Learning rate on noise").input_value() == "0.0005"


def test_python_knows_the_same_first_values():
    assert Laboratory().settings["noise_lr"] == 5e-4
    own = Laboratory(optimiser="sgd", data_lr=0.05).settings
    assert (own["noise_lr"], own["data_lr"], own["ratio"]) == (0.1, 0.05, 1)
    with pytest.raises(ValueError, match="optimiser must be one of adam, sgd; got 'rmsprop'"):
        Laboratory(optimiser="rmsprop")
    with pytest.raises(ValueError, match=r"ratio must be a number from 0\.001 to 1000, got 0"):
        Laboratory(ratio=0)

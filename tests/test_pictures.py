"""Figures on a page: in its colours, legible on desk and phone, lines named at their ends."""

import itertools
import re

import html5lib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.experiments.shared.small_starts import SILENT
from fa_core.show import line_names, style

STEPS = pd.DataFrame(np.arange(12.0).reshape(4, 3), index=[0, 10, 20, 30])


def two_panels(labels=(("FA", "BP"), ("FA", "BP"))):
    with style.figure(2) as (figure, axes):
        for ax, names in zip(axes, labels, strict=True):
            for number, name in enumerate(names):
                style.band(ax, STEPS + number, name, **style.way(name))
            ax.set(title="A title that is long enough for two lines", xlabel="steps")
    return figure


def drawings(figure, alt="Lines"):
    text = style.to_html(figure, alt)
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(text)
    return page.find("div").findall("{http://www.w3.org/2000/svg}svg")


def texts(drawing):
    return ["".join(t.itertext()) for t in drawing.iter("{http://www.w3.org/2000/svg}text")]


def named(figure):
    """Texts of the names at ends, by panel."""
    return [
        sorted(t.get_text() for t in ax.texts if t.get_gid() == "name of a line")
        for ax in figure.axes
    ]


def test_each_way_of_learning_has_a_colour_and_dash_of_its_own():
    ways = [*style.RULE_STYLE, QUIET]
    looks = [(style.way(name)["color"].lower(), style.way(name)["linestyle"]) for name in ways]
    assert len({color for color, _ in looks}) == len(ways)
    # A readout of zeros is the quietest: in the same colour, with another dash.
    assert style.way(SILENT)["color"] == style.way(QUIET)["color"]
    assert style.way(SILENT)["linestyle"] != style.way(QUIET)["linestyle"]
    assert style.way(QUIET) is style.QUIET_STYLE and style.way(SILENT) is style.ZERO_STYLE
    greys = {style.way("anything else", number)["color"] for number in range(9)}
    assert not greys & {color for color, _ in looks}


def test_a_page_gets_two_drawings_one_of_panels_below_each_other():
    wide, narrow = (drawing.get("viewBox") for drawing in drawings(two_panels()))
    (w, h), (w2, h2) = (map(float, box.split()[2:]) for box in (wide, narrow))
    assert (w, w2) == (504, pytest.approx(256.3))  # 672 and 342 px
    assert h2 == pytest.approx(2 * h)


@pytest.mark.parametrize("labels", [(("FA", "BP"), ("FA", "BP")), (("FA",), (QUIET, SILENT))])
def test_text_is_text_of_12_pixels_or_more(labels):
    html = style.to_html(two_panels(labels), "Lines")
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", html)]
    assert len(sizes) > 20 and min(sizes) >= 9  # units of 4/3 px
    assert "DejaVu" not in html
    assert all("steps" in texts(drawing) for drawing in drawings(two_panels(labels)))


def test_colours_are_those_of_the_page_and_nothing_is_a_white_plate():
    figure = two_panels((("FA", "noise then FA"), ("other", SILENT)))
    body = style.to_html(figure, "").split("</style>")[1]
    assert "var(--fa-blue)" in body and "currentColor" in body
    assert not re.search("#f{6}|#0{6}|white|black", body)
    assert set(re.findall(r"#[0-9a-f]{6}\b", body)) == {"#d55e00", "#e69f00"}  # legible on both


def test_no_two_parts_of_a_page_have_one_name():
    html = "".join(style.to_html(two_panels(), "Lines") for _ in range(2))
    names = re.findall(r' id="([^"]+)"', html)
    assert names and len(names) == len(set(names))
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', html)) == set(names)


def test_the_text_alternative_is_escaped():
    assert {d.get("aria-label") for d in drawings(two_panels(), 'a "b" <c>')} == {'a "b" <c>'}


def test_a_figure_shows_itself_as_html_and_as_a_picture_for_what_shows_none():
    bundle = two_panels()._repr_mimebundle_()
    assert bundle["text/html"].count("<svg") == 2
    assert bundle["image/png"].startswith("iVBOR")


def test_lines_are_named_once_in_a_row_and_in_each_panel_of_a_column():
    figure = two_panels()
    figure.lay_out()
    assert named(figure) == [[], ["BP", "FA"]]
    figure.lay_out(narrow=True)
    assert named(figure) == [["BP", "FA"], ["BP", "FA"]]
    figure = two_panels((("FA", "BP"), ("FA",)))
    figure.lay_out()
    assert named(figure) == [["BP", "FA"], ["FA"]]


def test_names_lie_beside_the_panel_apart_from_each_other_and_inside_the_figure():
    with style.figure(3) as (figure, axes):
        for ax in axes:
            for number in range(4):
                style.band(ax, STEPS + 0.1 * number, f"line number {number}")
    for narrow in (False, True):
        figure.lay_out(narrow)
        found = [t for t in axes[-1].texts if t.get_gid()]
        figure.draw_without_rendering()
        boxes = sorted((Text.get_window_extent(t) for t in found), key=lambda box: box.y0)
        assert all(box.x0 > axes[-1].bbox.x1 and box.x1 <= figure.bbox.x1 + 1 for box in boxes)
        assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))


def test_a_label_wider_than_its_axis_ends_where_the_axis_does():
    with style.figure(1) as (figure, (ax,)):
        ax.barh(["a name of a row that takes much room"], [1])
        ax.set_xlabel("percentage points (dotted: no difference)")
    for narrow in (True, False, True):
        figure.lay_out(narrow)
        label, axis = ax.xaxis.label.get_window_extent(), ax.get_window_extent()
        assert (label.width > axis.width) == narrow
        assert label.x1 <= axis.x1 + 1


def test_a_legend_that_is_there_takes_the_place_of_names():
    with style.figure(1) as (figure, (ax,)):
        style.band(ax, STEPS, "FA")
        ax.legend()
    figure.lay_out()
    assert named(figure) == [[]]


def test_a_line_that_ends_early_has_its_name_above_its_end():
    with style.figure(1) as (figure, (ax,)):
        style.band(ax, STEPS, "all the way")
        style.band(ax, STEPS.iloc[:2], "stops")
    figure.lay_out()
    places = {t.get_text(): t.get_position() for t in ax.texts}
    assert places["stops"] == (0, 3) and places["all the way"][0] == 1


@pytest.mark.parametrize(
    "wanted, places",
    [
        ([10, 50, 90], [10, 50, 90]),
        ([50, 50], [45, 55]),
        ([1, 1, 1], [5, 15, 25]),
        ([99, 99], [85, 95]),
        ([40, 50, 52], [37 + 1 / 3, 47 + 1 / 3, 57 + 1 / 3]),
    ],
)
def test_things_are_spread_no_further_than_they_must(wanted, places):
    found = line_names.spread(wanted, [10] * len(wanted), 100)
    assert np.diff(found).min(initial=10) >= 10 - 1e-9
    assert found[0] >= 5 and found[-1] <= 95
    assert found == pytest.approx(places)


def test_settings_tried_one_by_one_are_joined_by_no_line():
    with style.figure(1) as (_, (ax,)):
        style.points(ax, STEPS, "FA", **style.RULE_STYLE["FA"])
        style.band(ax, STEPS, "FA", **style.RULE_STYLE["FA"])
        style.band(ax, pd.concat([STEPS] * 9), "FA", **style.RULE_STYLE["FA"])
    tried, *_, followed, dense = ax.lines
    assert tried.get_linestyle() == "None" and to_hex(tried.get_color()) == "#d55e00"
    assert followed.get_marker() == "o" and dense.get_marker() == "None"


def test_a_title_is_wrapped_to_its_panel_and_logarithmic_axes_write_no_tex():
    with style.figure(3) as (figure, axes):
        axes[0].set(title="A title that is long enough for two lines", xscale="log", xlim=(1, 1e3))
    (wide, narrow) = map(texts, drawings(figure))
    assert "A title that is long enough for two lines" not in wide
    assert {"1", "10", "100"} <= set(wide)
    assert "A title that is long enough for two lines" in narrow


def test_a_title_starts_at_the_left_of_its_panel_however_often_it_is_laid_out():
    figure, starts = two_panels(), []
    for narrow in (True, False, True):
        figure.lay_out(narrow)
        texts = figure.axes[0].findobj(Text)
        title = next(text for text in texts if text.get_text().startswith("A title"))
        starts.append(title.get_window_extent().x0)
    assert starts[0] == pytest.approx(starts[2])
    assert 0 <= starts[0] < figure.axes[0].bbox.x0

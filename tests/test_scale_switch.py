"""One switch of scale a page: tabs and text follow it, the next page remembers it."""

from pathlib import Path

import pytest
from pages import offline_page, serious

from fa_core.show.tabs import Tabs
from fa_core.show.two_scales import PAPER, RUN

ASSETS = Path(__file__).resolve().parent.parent / "book/_assets"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="stylesheet" href="{assets}/book.css">{script}</head>
<body style="color: #000; background: #fff; --pst-color-text-base: #000;
--pst-color-background: #fff"><main class="bd-article"><h1>Page</h1>{body}</main></body></html>"""
SCRIPT = '<script defer src="{assets}/scale.js"></script>'
BODY = (
    "<p><span class='paper'>In the paper.</span> <span class='quick'>In this run.</span></p>"
    + Tabs({PAPER: ["stored 1"], RUN: ["quick 1"]}, "Scale").to_html()
    + "<p style='height: 3000px'>Long.</p>"
    + Tabs({PAPER: ["stored 2"], RUN: ["quick 2"]}, "Scale").to_html()
    + Tabs({"left": ["one"], "right": ["another"]}).to_html()
)
STORED, QUICK = ["In the paper.", "stored 1", "stored 2"], ["In this run.", "quick 1", "quick 2"]


@pytest.fixture
def page(browser, tmp_path):
    with offline_page(browser, "file:", viewport={"width": 390, "height": 844}) as page:

        def show(name="page.html", body=BODY, script=SCRIPT):
            text = PAGE.format(assets=ASSETS.as_uri(), script=script, body=body)
            text = text.replace("{assets}", ASSETS.as_uri())
            (tmp_path / name).write_text(text, encoding="utf-8")
            page.goto((tmp_path / name).as_uri())
            return page

        yield show


def visible(page, texts):
    return [text for text in texts if page.get_by_text(text, exact=True).is_visible()]


def test_the_paper_comes_first_and_all_that_speaks_of_scale_follows_the_switch(page):
    shown = page()
    assert visible(shown, STORED + QUICK) == STORED
    shown.locator(".scale-switch").get_by_text(RUN).click()
    assert visible(shown, STORED + QUICK) == QUICK
    assert visible(shown, ["one", "another"]) == ["one"]  # other tabs are their own
    assert shown.get_by_role("radio", name=RUN).count() == 1  # and the page has one switch


def test_keys_turn_the_switch_and_it_bars_no_reader(page):
    shown = page()
    shown.get_by_role("radio", name=PAPER).focus()
    shown.keyboard.press("ArrowRight")
    assert shown.get_by_role("radio", name=RUN).is_checked()
    assert visible(shown, STORED + QUICK) == QUICK
    assert serious(shown) == []


def test_the_next_page_remembers_the_scale(page):
    page().locator(".scale-switch").get_by_text(RUN).click()
    shown = page("next.html")
    assert visible(shown, STORED + QUICK) == QUICK
    assert shown.get_by_role("radio", name=RUN).is_checked()


def test_the_switch_stays_in_view_and_keeps_the_place(page):
    shown = page(body=BODY.replace("quick 1", "quick 1 " + "and more " * 99))
    second = shown.get_by_text("stored 2", exact=True)
    second.scroll_into_view_if_needed()
    before = second.bounding_box()["y"]
    shown.locator(".scale-switch").get_by_text(RUN).click()
    after = shown.get_by_text("quick 2", exact=True).bounding_box()["y"]
    assert after == pytest.approx(before, abs=1)


def test_without_script_both_scales_can_be_read(page):
    shown = page(script="")
    assert visible(shown, ["In the paper.", "In this run.", "stored 1"]) == [
        "In the paper.",
        "In this run.",
        "stored 1",
    ]
    shown.locator(".fa-tabs").first.get_by_text(RUN).click()
    assert visible(shown, ["stored 1", "quick 1"]) == ["quick 1"]


def test_paper_shows_both_scales_and_folds_nothing_but_code(page):
    fold = "<details class='{}'><summary>More</summary>folded</details>"
    set_up = f"<div class='cell tag_set-up'>{fold.format('hide')}</div>"
    shown = page(body=BODY + fold.format("") + fold.format("hide") + set_up)
    shown.pdf()
    assert [details.evaluate("d => d.open") for details in shown.locator("details").all()] == [
        True,
        False,
        True,
    ]
    shown.emulate_media(media="print")
    assert visible(shown, STORED + QUICK) == STORED + QUICK


def test_a_page_of_one_scale_has_no_switch(page):
    assert page(body="<p>Text.</p>").get_by_role("radio").count() == 0

"""A link to the glossary tells in place what its term means: to mouse, keys and fingers."""

from pathlib import Path

import pytest
from pages import offline_page, serious

import terms

ASSETS = Path(__file__).resolve().parent.parent / "book/_assets"
GLOSSARY = """<dl class="simple glossary">
<dt id="term-Angle">Angle<a class="headerlink" href="#term-Angle">#</a></dt><dd><p>Between
<a class="reference" href="#term-Step">steps</a> <span id="id1">[1]</span>, a &lt; b.</p>
</dd>
<dt id="term-Step">Step<a class="headerlink" href="#term-Step">#</a></dt><dd><p>One update.</p>
</dd>
</dl>"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="stylesheet" href="{assets}/book.css"><script defer src="{assets}/terms.js"></script>
</head><body style="background: #fff"><main><h1>Page</h1><p><a href="#">Before.</a>
An <a href="{glossary}#term-Angle">angle</a>.</p><p>Elsewhere.</p></main></body></html>"""


@pytest.fixture
def site(tmp_path):
    """Two pages: a glossary, and one that links to a term of it."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book/glossary.html").write_text(f"<body>{GLOSSARY}</body>", encoding="utf-8")
    page = PAGE.replace("{assets}", ASSETS.as_uri()).replace("{glossary}", "glossary.html")
    (tmp_path / "book/page.html").write_text(page, encoding="utf-8")
    return tmp_path


@pytest.fixture
def page(browser, site):
    terms.embed(site)
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with offline_page(browser, "file:", **options) as page:
        page.goto((site / "book/page.html").as_uri())
        yield page


def test_a_definition_is_told_whole_without_links_and_names():
    told = terms.definitions(GLOSSARY)
    assert told == {
        "term-Angle": "<strong>Angle</strong>\n<p>Between\nsteps <span>[1]</span>, a &lt; b.</p>",
        "term-Step": "<strong>Step</strong>\n<p>One update.</p>",
    }


def test_a_page_carries_the_terms_it_links_to_and_no_other(site):
    terms.embed(site)
    text = (site / "book/page.html").read_text(encoding="utf-8")
    assert "Between" in text and "One update" not in text
    assert text.count("</script>") == 2  # the definition ends no script
    assert "application/json" not in (site / "book/glossary.html").read_text(encoding="utf-8")


def test_a_link_to_no_term_is_an_error_of_the_build(site):
    page = site / "book/page.html"
    page.write_text(page.read_text(encoding="utf-8").replace("term-Angle", "term-Angel"))
    with pytest.raises(KeyError, match="term-Angel"):
        terms.embed(site)


def test_the_mouse_opens_it_may_move_onto_it_and_closes_it(page):
    tip = page.get_by_role("tooltip")
    assert not tip.is_visible()
    page.get_by_role("link", name="angle").hover()
    tip.wait_for()
    assert tip.inner_text().split() == ["Angle", "Between", "steps", "[1],", "a", "<", "b."]
    tip.hover()
    page.wait_for_timeout(400)
    assert tip.is_visible()
    page.get_by_text("Elsewhere.").hover(position={"x": 300, "y": 5}, force=True)
    page.mouse.move(300, 700)
    tip.wait_for(state="hidden")


def test_focus_opens_it_and_says_it_and_escape_closes_it(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    tip, link = page.get_by_role("tooltip"), page.get_by_role("link", name="angle")
    assert tip.is_visible()
    assert link.get_attribute("aria-describedby") == tip.get_attribute("id")
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert not tip.is_visible() and link.get_attribute("aria-describedby") is None


def test_the_first_tap_opens_it_and_the_second_follows_the_link(page):
    link = page.get_by_role("link", name="angle")
    link.tap()
    assert page.get_by_role("tooltip").is_visible() and page.url.endswith("page.html")
    page.get_by_text("Elsewhere.").tap(force=True, position={"x": 5, "y": 5})
    link.tap()
    link.tap()
    page.wait_for_url("**/glossary.html#term-Angle")

"""What holds for every widget: its module, its two forms, its place on a page without a kernel."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pages import box, finish, serious, show_live
from widget_samples import WIDGETS, turning

from fa_core import widgets
from fa_core.widgets import Laboratory, ScrubAlignment
from fa_core.widgets._joining import join
from fa_core.widgets._widget import Widget

FOLDER = Path(__file__).resolve().parent.parent / "fa_core/widgets"


def test_a_joined_module_imports_nothing_and_holds_each_file_once():
    for name in widgets.__all__:
        module = join("mount.js", getattr(widgets, name)._module)
        outside_strings = re.sub(r'^const workerText = ".*";$', "", module, flags=re.MULTILINE)
        assert not re.search(r"^import ", outside_strings, re.MULTILINE)
        assert re.findall(r"^export .*", outside_strings, re.MULTILINE) == [
            "export default { render };"
        ]
        assert "</script" not in module
        names = re.findall(r"^(?:function|class|const) (\w+)", outside_strings, re.MULTILINE)
        assert len(names) == len(set(names))


def test_modules_are_small_and_ask_no_outside_host():
    for module in FOLDER.glob("*.js"):
        text = module.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, module.name
        assert not re.search(r"https?://|require\(|import\(", text), module.name


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
def test_output_holds_a_live_form_and_a_form_for_pages(make: Callable[[], Widget]):
    widget = make()
    data, _ = widget._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert data["text/plain"] == widget.description()
    assert data["text/html"] == widget.to_html()
    assert "export default { render };" in widget._esm
    assert make().to_html() == widget.to_html(), "the same widget gives the same page"


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_widget_fits_and_is_accessible(show, make: Callable, theme: str, width: int):
    page = show(make(), theme=theme, viewport={"width": width, "height": 900})
    page.locator(".wd-widget").wait_for()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.locator(".wd-widget").evaluate("e => getComputedStyle(e).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) > 382) == (theme == "light")
    for canvas in page.locator("canvas").all():
        assert canvas.get_attribute("aria-label")


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
def test_without_javascript_a_reader_is_told_what_there_would_be(show, make: Callable):
    widget = make()
    page = show(widget, java_script_enabled=False)
    assert page.locator(".wd-fallback").inner_text() == widget.description()


def test_a_widget_that_cannot_start_says_so(browser, tmp_path: Path):
    page = browser.new_page()
    file = tmp_path / "page.html"
    broken = ScrubAlignment(**turning()).to_html().replace('"kind":"int16"', '"kind":"int17"')
    file.write_text(broken, encoding="utf-8")
    page.goto(file.as_uri())
    page.get_by_text("It could not start").wait_for()
    page.close()


def test_one_widget_shown_twice_is_mounted_twice(show):
    widget = ScrubAlignment(**turning())
    twice = type("Twice", (), {"to_html": lambda self: widget.to_html() * 2})()
    page = show(twice)
    page.locator(".wd-widget").nth(1).wait_for()
    assert page.locator(".wd-fallback").count() == 0


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
def test_in_a_notebook_the_keys_of_a_control_are_its_own(browser, make: Callable):
    """JupyterLab takes arrows and Enter for itself, except from elements marked like this."""
    page = show_live(browser, make())
    controls = "button, input, select, [tabindex]"
    count = "(all, mark) => all.filter((e) => e.hasAttribute(mark)).length"
    marked = page.locator(controls).evaluate_all(count, "data-lm-suppress-shortcuts")
    assert marked == page.locator(controls).count() > 0
    page.close()


WATCHED = """
window.watching = new Set();
for (const kind of [MutationObserver, ResizeObserver]) {
  const { observe, disconnect } = kind.prototype;
  kind.prototype.observe = function (...what) {
    watching.add(this);
    return observe.apply(this, what);
  };
  kind.prototype.disconnect = function () {
    watching.delete(this);
    return disconnect.apply(this);
  };
}
const { addEventListener } = EventTarget.prototype;
window.heard = 0;
for (const target of [window, matchMedia("(prefers-color-scheme: dark)").__proto__]) {
  target.addEventListener = function (event, listener, options) {
    heard += 1;
    options?.signal?.addEventListener("abort", () => (heard -= 1));
    return addEventListener.call(this, event, listener, options);
  };
}
"""
LEFT = "[Object.keys(listeners).length, watching.size, heard]"


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
def test_a_view_that_goes_leaves_nothing_behind(browser, make: Callable):
    page = show_live(browser, make(), WATCHED)
    there = page.evaluate(LEFT)
    assert there[1] > 0 and there[2] > 0
    page.evaluate("close_widget()")
    assert page.evaluate(LEFT) == [0, 0, 0]
    for _ in range(100):  # a worker ends a little after it is told to
        page.wait_for_timeout(20)
        if not page.workers:
            break
    assert page.workers == []
    page.close()


def test_a_laboratory_that_cannot_start_leaves_nothing_behind(browser):
    page = show_live(browser, Laboratory(), f"{WATCHED} delete window.Worker;")
    page.evaluate("close_widget()")
    assert page.evaluate(LEFT) == [0, 0, 0]
    page.close()


def test_in_a_notebook_the_laboratory_sends_its_curves_to_python(browser):
    lab = Laboratory(noise=60, data=40, hidden=16)
    page = show_live(browser, lab)
    box(page, "Seed").fill("6")
    finish(page)
    assert page.evaluate("location.hash") == "", "the notebook's address is not ours"
    assert page.get_by_role("button", name="Copy link").count() == 0
    lab.settings = page.evaluate("state.settings")
    lab.records = page.evaluate("state.records")
    assert lab.settings["seed"] == 6
    assert set(lab.history.network) == {"fa", "noise", "bp"}
    assert lab.history.query("phase == 'noise'").step.tolist()[-1] == 0
    page.evaluate("state.settings = {...state.settings, noise: 7}; listeners['change:settings']()")
    page.get_by_text("Noise step 0 of 7", exact=True).wait_for()
    page.evaluate("close_widget()")
    page.close()

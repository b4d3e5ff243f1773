"""Pages opened in the browser with no network, and what tests read from them."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe

from fa_core.widgets._widget import Widget, _jsonable


@contextmanager
def offline_page(browser, home: str, **options) -> Iterator:
    """A page that can reach nothing but `home`; whatever it complains about fails the test."""
    problems = []

    def gate(route):
        address = route.request.url
        if address.startswith((home, "data:", "blob:")):
            return route.continue_()
        problems.append(f"asked for {address}")
        return route.abort()

    context = browser.new_context(**options)
    context.route("**/*", gate)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("console", lambda m: m.type == "error" and problems.append(f"console: {m.text}"))
    try:
        yield page
    finally:
        context.close()
    assert not problems


def serious(page) -> list[str]:
    """What axe-core finds wrong enough to keep a reader out."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [f"{v['id']}: {v['nodes']}" for v in found if v["impact"] in {"serious", "critical"}]


def table(page) -> list[list[str]]:
    rows = page.locator(".wd-table tbody tr")
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def set_slider(page, label: str, value: float) -> None:
    page.get_by_role("slider", name=label, exact=True).evaluate(
        "(slider, v) => { slider.value = v; slider.dispatchEvent(new Event('input')); }", value
    )


def box(page, label: str):
    """The laboratory's box of a number; the slider beside it has the same name."""
    return page.get_by_role("spinbutton", name=label, exact=True)


def set_box(page, label: str, value: str) -> None:
    box(page, label).fill(value)
    box(page, label).blur()


def finish(page) -> None:
    """Runs the laboratory to its end, as fast as it can; it may run already."""
    page.get_by_label("Speed").select_option("")
    run = page.locator(".wd-main")
    if run.inner_text() == "▶ Run" and run.is_enabled():
        run.click()
    page.get_by_text("Finished.").wait_for(timeout=30_000)


def curves(page) -> list[dict]:
    """The rows of the CSV that the laboratory saves."""
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save CSV").click()
    with open(saved.value.path(), encoding="utf-8") as file:
        return list(csv.DictReader(file))


LIVE = """async ({ module, state }) => {
  window.state = state;
  window.saved = 0;
  window.listeners = {};
  const model = {
    get: (name) => window.state[name],
    set: (name, value) => { window.state[name] = value; },
    save_changes: () => { window.saved += 1; },
    on: (event, listener) => { window.listeners[event] = listener; },
    off: (event, listener) => {
      if (window.listeners[event] === listener) delete window.listeners[event];
    },
  };
  const revive = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (value.base64 === undefined) {
      for (const key of Object.keys(value)) value[key] = revive(value[key]);
      return value;
    }
    return new DataView(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer);
  };
  revive(state);
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const el = document.querySelector("main");
  window.close_widget = (await import(address)).default.render({ model, el });
}"""


def show_live(browser, widget: Widget, script: str = ""):
    """Mounts the module as anywidget does, with a model that stands for the kernel's.

    ``script`` runs before it.
    """
    page = browser.new_page()
    page.set_content(f"<main></main><script>{script}</script>")
    page.evaluate(LIVE, {"module": widget._esm, "state": _jsonable(widget.state())})
    return page

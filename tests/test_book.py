"""The built book as a reader meets it: offline, on a desk and on a phone, in light and in dark."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import html5lib
import pytest

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = [page for page in (ROOT / "book").glob("*.*") if page.suffix in {".md", ".ipynb"}]
PAGES = sorted(page.stem for page in WRITTEN)
SCREENSHOTS = ROOT / "build/screenshots"
# Links that make a browser fetch something; the others only lead somewhere.
FETCHED = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "manifest"}


def fetched(element) -> str | None:
    """The address an element makes the browser fetch, if any."""
    if element.tag == "link":
        rel = set(element.get("rel", "").split())
        return element.get("href") if rel & FETCHED else None
    return element.get("src") or element.get("data")


@pytest.mark.parametrize("page", PAGES)
def test_page_names_no_outside_host_to_fetch_from(site: Path, page: str):
    text = (site / f"book/{page}.html").read_text(encoding="utf-8")
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    addresses = [address for address in map(fetched, tree.iter()) if address]
    assert addresses
    assert not [address for address in addresses if address.startswith(("http:", "https:", "//"))]


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
    yield page
    context.close()
    assert not problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_offline(site: Path, browser, name: str, width: int, scheme: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    size = {"width": width, "height": 900}
    with offline_page(browser, "file:", viewport=size, color_scheme=scheme) as page:
        page.goto((site / f"book/{name}.html").as_uri())
        if page.locator(".math").count():
            page.evaluate("MathJax.startup.promise")
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)

        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        formulas = page.locator(".math")
        assert formulas.count() == page.locator(".math:has(mjx-container svg)").count()
        assert not page.locator("[data-mjx-error]").count()
        broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        assert page.evaluate(broken) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_search_finds_a_term_offline(site: Path, browser):
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = partial(quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}/"
        with offline_page(browser, home) as page:
            page.goto(f"{home}search.html?q=alignment")
            page.locator("#search-results li a").first.wait_for(timeout=10_000)
        server.shutdown()


def test_a_citation_tells_on_hover_what_it_refers_to(site: Path):
    text = (site / "book/intro.html").read_text(encoding="utf-8")
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    tips = [link.get("title", "") for link in tree.iter("a") if "#id" in link.get("href", "")]
    assert any("Pretraining with random noise" in tip for tip in tips)


def test_a_chapter_opens_in_colab(site: Path):
    text = (site / "book/01-alignment.html").read_text(encoding="utf-8")
    repository = "noise-before-data/noise-before-data"
    notebook = f"github/{repository}/blob/main/book/01-alignment.ipynb"
    assert f"https://colab.research.google.com/{notebook}" in text

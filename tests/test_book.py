"""The built book as a reader meets it: offline, on a desk and on a phone, in light and in dark."""

import gzip
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from conftest import CHROMIUM, NO_CHROMIUM
from pages import offline_page, serious

import build
import links
import repository

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = [page for page in (ROOT / "book").glob("*.*") if page.suffix in {".md", ".ipynb"}]
PAGES = sorted(page.stem for page in WRITTEN)
EXECUTED = sorted(
    ROOT / "build/executed" / page.name for page in WRITTEN if page.suffix == ".ipynb"
)
# Those that Sphinx and the build add. The last is looked at alone: it sends the reader on.
OTHERS = ["404.html", "genindex.html", "search.html", "index.html"]
BUDGET = 1_500_000  # bytes of one page with all it fetches, packed as servers send them
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
    assert not [address for address in addresses if links.is_outside(address)]


@pytest.mark.parametrize("page", [*(f"book/{page}.html" for page in PAGES), *OTHERS])
def test_page_is_valid_html(site: Path, page: str):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse((site / page).read_bytes())
    # html5lib wants every & of an address escaped; the standard no longer does.
    errors = {error for _, error, _ in parser.errors} - {"expected-named-entity"}
    identifiers = [element.get("id") for element in tree.iter() if element.get("id")]
    assert not errors
    assert len(identifiers) == len(set(identifiers))
    assert tree.find("head/title").text


def test_no_link_inside_the_book_is_broken(site: Path):
    assert links.broken(site) == []


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
        assert formulas.count() == page.locator(".math:has(mjx-container mjx-math)").count()
        assert not page.locator("[data-mjx-error]").count()
        broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        assert page.evaluate(broken) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
@pytest.mark.parametrize("name", [*(f"book/{page}.html" for page in PAGES), *OTHERS[:-1]])
def test_page_bars_no_reader_and_is_light(site: Path, browser, name: str, scheme: str, width: int):
    asked = set()
    view = {"width": width, "height": 800}
    with offline_page(browser, "file:", color_scheme=scheme, viewport=view) as page:
        page.on("request", lambda request: asked.add(urlsplit(request.url)))
        page.goto((site / name).as_uri())
        page.wait_for_load_state("networkidle")
        assert serious(page) == []
    files = {Path(unquote(url.path)) for url in asked if url.scheme == "file"}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < BUDGET


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
    notebook = f"github/{repository.slug()}/blob/main/book/01-alignment.ipynb"
    assert f"https://colab.research.google.com/{notebook}" in text


def test_pages_name_their_address_once_it_is_known(site: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    monkeypatch.setattr(build, "ADDRESS", "https://reader.example/book")
    build.build_site(EXECUTED)
    known = (tmp_path / "site/book/01-alignment.html").read_text(encoding="utf-8")
    page = "https://reader.example/book/book/01-alignment.html"
    assert f'<link rel="canonical" href="{page}"' in known
    assert 'property="og:image" content="https://reader.example/book/_static/preview.png"' in known
    assert page in (tmp_path / "site/sitemap.txt").read_text()
    assert (
        "Sitemap: https://reader.example/book/sitemap.txt"
        in (tmp_path / "site/robots.txt").read_text()
    )


@pytest.mark.skipif(bool(os.environ.get("SITE_URL")), reason="the address is known")
def test_pages_name_no_address_while_it_is_unknown(site: Path):
    text = (site / "book/01-alignment.html").read_text(encoding="utf-8")
    assert 'rel="canonical"' not in text
    assert "og:" not in text
    assert not (site / "sitemap.txt").exists()


@pytest.mark.skipif(not CHROMIUM, reason=NO_CHROMIUM)
def test_the_book_prints_as_one_file(site: Path):
    command = ["make", "pdf", f"VENV={os.path.relpath(sys.prefix, ROOT)}"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    pdf = (site / "noise-before-data.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert 200_000 < len(pdf) < 30_000_000

"""The built book and a browser to look at it with, shared by the tests that need them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

# Threads for small products cost more than they save, and two workers share the cores. Programs
# that a test starts inherit this; torch reads it when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from filelock import FileLock
from pages import offline_page
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
QUIET = ["background-networking", "component-update", "gpu", "quic", "sync"]
FLAGS = ["--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]
NO_CHROMIUM = (
    "Chromium is missing, so NO PAGE WAS LOOKED AT. Install it (apt-get install chromium) "
    "or name another with CHROMIUM=/path/to/chrome."
)
NO_COLAB = (
    "The packages of tests/colab.txt could not be installed, so NOTHING WAS RUN AS IN COLAB. "
    "They come from the package index; run this test again where it can be reached."
)


def needs(item: pytest.Item, *fixtures: str) -> bool:
    return not set(fixtures).isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl(tryfirst=True)  # before pytest selects by mark
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what needs the built book or a browser: -m "not book" tests the package alone."""
    for item in items:
        if needs(item, "site", "browser"):
            item.add_marker("book")
    if hasattr(config, "workerinput"):
        share_out(items)


def share_out(items: list[pytest.Item]) -> None:
    """Orders the tests for several workers (pytest -n 2): the longest work first.

    One worker builds the book while another starts on what Colab's environment takes. Last come
    the files that need the built book, so that nobody waits for it.
    """
    site, wheel = ({item.path for item in items if needs(item, name)} for name in ("site", "wheel"))
    pages = [item for item in items if item.path in site]
    colab = [item for item in items if item.path in wheel]
    others = [item for item in items if item.path not in site | wheel]
    items[:] = [*pages[:1], *colab, *others, *pages[1:]]


class ByFile(LoadScopeScheduling):
    """A file goes whole to one worker, for its tests may share a table.

    Those of test_book.py share the built book alone: each goes to whichever worker is free, so
    that all end together. (A mark xdist_group would do, but has no effect from pytest 9.2 on.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith("test_book.py") else file


@pytest.hookimpl(optionalhook=True)  # unknown where pytest runs without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread, unless a test sets more; these are gone after it."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


@pytest.fixture
def registered() -> Iterator[Callable]:
    """Registers a rule of a reader's own, which is gone after the test."""
    from fa_core import rules

    names = []

    def register(kind):
        names.append(kind.__name__)
        return rules.register(kind.__name__)(kind)

    yield register
    for name in names:
        rules.RULES.pop(name, None)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built book; make does only what is not done yet.

    Of several workers one builds it; the others wait for it, and then find nothing left to do.
    """
    command = ["make", "book", f"VENV={os.path.relpath(sys.prefix, ROOT)}"]
    with FileLock(tmp_path_factory.getbasetemp().parent / "site.lock"):
        made = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "build/site"


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium; without one the test is skipped, and the summary says so."""
    if not CHROMIUM:
        pytest.skip(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


WIDGET_PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Widget</title></head>
<body style="margin: 0"><main><h1>Widget</h1><h2>Figure</h2>{widget}</main></body></html>"""


@pytest.fixture
def show(browser, tmp_path: Path) -> Iterator[Callable]:
    """Opens a widget's HTML from file://, all else out of reach; a complaint fails the test."""
    with ExitStack() as opened:

        def open_page(widget, link: str = "", theme: str = "light", script: str = "", **options):
            text = WIDGET_PAGE.format(theme=theme, widget=widget.to_html())
            (tmp_path / "page.html").write_text(text, encoding="utf-8")
            options = {"viewport": {"width": 800, "height": 900}, **options}
            page = opened.enter_context(offline_page(browser, "file:", **options))
            page.add_init_script(script)
            page.goto((tmp_path / "page.html").as_uri() + link)
            return page

        yield open_page


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return next(folder.glob("*.whl"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what could not be looked at."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in (NO_CHROMIUM, NO_COLAB):
        if any(reason in str(report.longrepr) for report in skipped):
            terminalreporter.section("WARNING", sep="!", red=True, bold=True)
            terminalreporter.line(reason, red=True, bold=True)

"""Build the site from executed chapters, and report what they found.

build.py site   CHAPTER.ipynb ...   build/site, whole or not at all
build.py pdf    CHAPTER.ipynb ...   the book as one file for printing, beside the site's pages
build.py report CHAPTER.ipynb ...   each finding's verdict, and where the book is
build.py store  CHAPTER.ipynb ...   copies back into book/ the outputs that tests compare,
                                    and the picture that README shows

SITE_URL in the environment is the address the book will have, if that is known.
"""

import ast
import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import yaml

import answer
import evidence
import headline
import paper_claims
import publishing
import terms
from fa_core.widgets import Laboratory, Opening

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
ADDRESS = os.environ.get("SITE_URL", "").rstrip("/")
FINDINGS = "application/vnd.fa-core.findings+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
# Between pages, from what is included as HTML; what a preset sets is lost on paper.
PAGE_LINK = re.compile(r'href="([\w-]+)\.html(?:#preset=[\w-]+)?"')
# What the line says that opens a folded cell, by the cell's tag.
NAMES = {"set-up": "Set-up", "solution": "Solution"}


def publish(chapter: Path, folder: Path) -> None:
    """Copy a chapter, its figures made smaller, without what only a running kernel can draw."""
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    publishing.tell_how_long(notebook)
    fold_set_up(notebook)
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        live = [o for o in cell.get("outputs", []) if o.get("data", {}).pop(WIDGET, None)]
        for output in live:
            if "text/html" not in output["data"]:
                cell["outputs"].remove(output)
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            if "image/png" in data:
                data["image/png"] = small(data["image/png"])
            if "text/html" in data:  # a figure that a cell shows by itself knows no text
                text = html.escape(
                    cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
                )
                shown = "".join(data["text/html"])
                data["text/html"] = shown.replace('aria-label=""', f'aria-label="{text}"')
    (folder / chapter.name).write_text(json.dumps(notebook), encoding="utf-8")


def fold_set_up(notebook: dict) -> None:
    """Fold away the cells a reader need not read: parameters, and what only imports or configures.

    The page shows a line that opens each of them, and names it; solutions, which the notebook folds
    itself, are named as well. The notebook in book/ is not touched.
    """
    for cell in notebook["cells"]:
        tags = cell["metadata"].setdefault("tags", [])
        hidden = any(tag.startswith(("hide-", "remove-")) for tag in tags)
        if cell["cell_type"] == "code" and not hidden and is_set_up(cell):
            tags += ["hide-cell", "set-up"]
        name = next((NAMES[tag] for tag in tags if tag in NAMES), None)
        if name:
            prompts = {"code_prompt_show": name, "code_prompt_hide": name}
            cell["metadata"]["mystnb"] = cell["metadata"].get("mystnb", {}) | prompts


def is_set_up(cell: dict) -> bool:
    """Whether a cell holds parameters, or nothing but imports and ``config``."""
    if {"parameters", "injected-parameters"} & set(cell["metadata"]["tags"]):
        return True
    try:
        lines = ast.parse("".join(cell["source"])).body
    except SyntaxError:  # a command of the notebook, such as %time
        return False
    told = [line for line in lines if not isinstance(line, ast.Import | ast.ImportFrom)]
    known = all(re.match(r"config = |(vars\()?config\)?$", ast.unparse(line)) for line in told)
    return known and bool(lines)


def small(picture: str) -> str:
    """A PNG in base64, made smaller."""
    return base64.b64encode(publishing.small_png(base64.b64decode(picture))).decode()


def stage(chapters: list[Path], source: Path) -> None:
    """Lay out what Jupyter Book reads: settings, pages, executed chapters, MathJax."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "book", source / "book", ignore=shutil.ignore_patterns("*.ipynb", ".*"))
    shutil.copy(ROOT / "_toc.yml", source)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    publishing.add_address(config, ADDRESS)
    config["sphinx"]["config"]["myst_substitutions"] = {
        **headline.substitutions(),
        **answer.substitutions(),
    }
    (source / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for chapter in chapters:
        publish(chapter, source / "book")
    # These train in the reader's browser, so a page without code takes them as plain HTML.
    for widget in (Laboratory(plays=True), Opening()):
        page = source / f"book/{type(widget).__name__.lower()}.html"
        page.write_text(widget.to_html(), encoding="utf-8")
    headline.write(source / "book")
    pages = list(dict.fromkeys(paper_claims.CHAPTERS.values()))  # in the order of the book
    told = [chapter for chapter in chapters if chapter.stem in pages]
    found = {c: findings(c) for c in sorted(told, key=lambda c: pages.index(c.stem))}
    evidence.write(source / "book", found)
    answer.write(source / "book", found)
    assets = source / "book/_assets"
    (assets / "preview.png").write_bytes(publishing.preview(first_figure(chapters[0])))
    mathjax, fonts = files("mathjax") / "static/mathjax/es5", "output/chtml/fonts/woff-v2"
    shutil.copytree(mathjax / fonts, assets / "mathjax" / fonts)
    shutil.copy(mathjax / "tex-chtml.js", assets / "mathjax")


def jupyter_book(source: Path, *options: str) -> Path:
    """Build from nothing, for Sphinx repeats no warning of a page it need not read again."""
    work = BUILD / "work"
    shutil.rmtree(work, ignore_errors=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", source, "--path-output", work, "-W", "-n", "--keep-going"]
    # Warnings come on the other stream; this one only counts pages and names a folder not to open.
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    return work / "_build"


def build_site(chapters: list[Path]) -> None:
    """Build the pages, and what a web server and a search engine ask for beside them."""
    source, site = BUILD / "src", BUILD / "site"
    stage(chapters, source)
    built = jupyter_book(source) / "html"
    publishing.refine(built)
    terms.embed(built)
    publishing.add_server_files(built, ADDRESS)
    shutil.rmtree(site, ignore_errors=True)
    built.rename(site)


def build_pdf(chapters: list[Path]) -> None:
    """Print the whole book, as one long page, with headless Chromium."""
    source = BUILD / "src"
    stage(chapters, source)
    built = jupyter_book(source, "--builder", "singlehtml") / "singlehtml"
    # Sphinx writes the page one folder too deep, and to other pages' parts as if these remained.
    text = (built / "book/intro.html").read_text(encoding="utf-8")
    text = text.replace('href="book/intro.html#', 'href="#')
    text = PAGE_LINK.sub(r'href="#document-book/\1"', text)
    page = built / "book.html"
    page.write_text(text, encoding="utf-8")
    publishing.print_page(page, BUILD / "site/noise-before-data.pdf")
    print("The book as one file: build/site/noise-before-data.pdf")


def findings(chapter: Path) -> list[dict]:
    """The findings an executed chapter displays, in its order."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [found for output in outputs for found in output.get("data", {}).get(FINDINGS, [])]


def first_figure(chapter: Path) -> bytes:
    """The first figure that an executed chapter draws, as PNG."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    outputs = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    for data in outputs:
        if "image/png" in data:
            return base64.b64decode(data["image/png"])
    raise ValueError(f"{chapter} shows no figure")


def report(chapters: list[Path]) -> None:
    """Print one line a finding, then where the book is."""
    print("\nFindings")
    for chapter in chapters:
        print(f"  {chapter.stem}")
        for found in findings(chapter):
            interval = "{estimate:.3g} [{low:.3g}, {high:.3g}] {unit}, n = {n}".format(**found)
            print(f"    {found['verdict']}: {found['claim']}: {interval}")
        if not findings(chapter):
            print("    no finding is displayed in this chapter")
    print("\nThe book: build/site/index.html (open it, or run: make serve)")


def store(chapters: list[Path]) -> None:
    """Keep, in the chapters under book/, the outputs of cells tagged nbval-check-output alone."""
    (ROOT / "book/images/alignment.png").write_bytes(first_figure(chapters[0]))
    for chapter in chapters:
        notebook = json.loads((ROOT / "book" / chapter.name).read_text(encoding="utf-8"))
        executed = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
        run = {cell["id"]: cell for cell in executed}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                kept = "nbval-check-output" in cell["metadata"].get("tags", [])
                cell["outputs"] = run[cell["id"]]["outputs"] if kept else []
                cell["execution_count"] = run[cell["id"]]["execution_count"] if kept else None
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        (ROOT / "book" / chapter.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    tasks = {"site": build_site, "pdf": build_pdf, "report": report, "store": store}
    try:
        tasks[sys.argv[1]]([Path(name) for name in sys.argv[2:]])
    except subprocess.CalledProcessError as error:
        sys.exit(f"Jupyter Book stopped with status {error.returncode}; its messages stand above.")

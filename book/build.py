"""Build the site from executed chapters, and report what they found.

build.py site   CHAPTER.ipynb ...   build/site, whole or not at all
build.py report CHAPTER.ipynb ...   each finding's verdict, and where the book is
build.py store  CHAPTER.ipynb ...   copies back into book/ the outputs that tests compare
"""

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
FINDINGS = "application/vnd.fa-core.findings+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


def publish(chapter: Path, folder: Path) -> None:
    """Copy a chapter; what only a running kernel can draw, such as a progress bar, stays out."""
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        live = [o for o in cell.get("outputs", []) if o.get("data", {}).pop(WIDGET, None)]
        for output in live:
            if "text/html" not in output["data"]:
                cell["outputs"].remove(output)
    (folder / chapter.name).write_text(json.dumps(notebook), encoding="utf-8")


def stage(chapters: list[Path], source: Path) -> None:
    """Lay out what Jupyter Book reads: settings, pages, executed chapters, MathJax."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "book", source / "book", ignore=shutil.ignore_patterns("*.ipynb", ".*"))
    for settings in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / settings, source)
    for chapter in chapters:
        publish(chapter, source / "book")
    mathjax = source / "book/_assets/mathjax/tex-svg.js"
    mathjax.parent.mkdir(parents=True)
    mathjax.write_bytes(files("mathjax").joinpath("static/mathjax/es5/tex-svg.js").read_bytes())


def build_site(chapters: list[Path]) -> None:
    """Build from nothing, for Sphinx repeats no warning of a page it need not read again."""
    source, work, site = BUILD / "src", BUILD / "work", BUILD / "site"
    stage(chapters, source)
    shutil.rmtree(work, ignore_errors=True)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    options = ["--path-output", work, "-W", "-n", "--keep-going"]
    # Warnings come on the other stream; this one only counts pages and names a folder not to open.
    command = [jupyter_book, "build", source, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(site, ignore_errors=True)
    (work / "_build/html").rename(site)


def findings(chapter: Path) -> list[dict]:
    """The findings an executed chapter displays, in its order."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [found for output in outputs for found in output.get("data", {}).get(FINDINGS, [])]


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
    task = {"site": build_site, "report": report, "store": store}[sys.argv[1]]
    try:
        task([Path(name) for name in sys.argv[2:]])
    except subprocess.CalledProcessError as error:
        sys.exit(f"Jupyter Book stopped with status {error.returncode}; its messages stand above.")

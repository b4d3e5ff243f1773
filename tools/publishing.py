"""What a published book needs beyond its pages: addresses, a preview, reading times, a PDF."""

import html
import io
import os
import re
import shutil
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.image import imread
from PIL import Image

import icons

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Noise Before Data"
# What the theme asks for on every page, and few pages use.
MATHJAX = re.compile(
    r"<script[^>]*>window\.MathJax = [^<]*</script>\n?|<script[^>]*tex-chtml[^>]*></script>\n?"
)
SEARCH = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\n?'
)
WORDS_A_MINUTE, CODE_LINES_A_MINUTE = 200, 25

# A page that needs no other file: it must work at any address.
PLAIN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif; }}
body {{ max-width: 32rem; margin: 20vh auto; padding: 0 1rem; background: Canvas; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def minutes(seconds: float) -> str:
    """A duration as a reader thinks of it."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} seconds"
    return f"{round(seconds / 60)} minutes"


def tell_how_long(notebook: dict) -> None:
    """Write below an executed notebook's title how long it takes to read and to run."""
    sources = {"markdown": "", "code": ""}
    for cell in notebook["cells"]:
        sources[cell["cell_type"]] += "".join(cell["source"]) + "\n"
    words, lines = len(sources["markdown"].split()), len(sources["code"].splitlines())
    reading = words / WORDS_A_MINUTE + lines / CODE_LINES_A_MINUTE
    running = notebook["metadata"]["papermill"]["duration"]
    title, _, rest = "".join(notebook["cells"][0]["source"]).partition("\n")
    told = f"*{minutes(60 * reading)} to read; computed in {minutes(running)}.*"
    notebook["cells"][0]["source"] = f"{title}\n\n{told}\n{rest}"


def add_address(config: dict, address: str) -> None:
    """Canonical links and a social preview need a full address, so without one there are none."""
    if address:
        sphinx = config["sphinx"]["config"]
        sphinx["extensions"].append("sphinxext.opengraph")
        sphinx["html_baseurl"] = sphinx["ogp_site_url"] = f"{address}/"
        sphinx["ogp_image"] = f"{address}/_static/preview.png"
        sphinx["ogp_social_cards"] = {"enable": False}


def preview(figure: bytes) -> bytes:
    """A figure of the book under its title, in the shape that social networks show."""
    card = Figure(figsize=(12, 6.3), dpi=100)
    card.text(0.05, 0.86, TITLE, fontsize=44, weight="bold")
    card.text(0.05, 0.77, "What training on pure noise does for feedback alignment", fontsize=22)
    axes = card.add_axes((0.04, 0.03, 0.92, 0.68))
    axes.imshow(imread(io.BytesIO(figure)))
    axes.axis("off")
    with io.BytesIO() as file:
        card.savefig(file, format="png")
        return file.getvalue()


def figure(identifier: str, drawing: str, caption: str) -> str:
    """A figure of a page that no notebook draws, with its caption, in HTML."""
    return (
        f'<figure id="{identifier}" class="align-default">\n{drawing}\n'
        f"<figcaption>{html.escape(caption)}</figcaption>\n</figure>\n"
    )


def small_png(png: bytes) -> bytes:
    """The same figure in 256 colours: a third of the size, and no eye tells the difference."""
    with io.BytesIO() as file, Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )
        return file.getvalue()


def refine(site: Path) -> None:
    """Mend what the theme writes: files in vain, roles not allowed, figures out of reach."""
    (site / "_static/scripts/fontawesome.js").unlink()  # the style sheet draws the same icons
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(r"<script[^>]*fontawesome\.js[^>]*></script>\n?", "", text)
        if 'class="math' not in text:
            text = MATHJAX.sub("", text)
        if page.name != "search.html":  # a search opens that page
            text = SEARCH.sub("", text)
        # A fold is called what it says, not "Toggle hidden content".
        text = re.sub(r'<summary aria-label="[^"]*">', "<summary>", text)
        text = text.replace(' role="list"', "").replace(' role="doc-biblioentry"', "")
        # On a phone a figure scrolls inside its frame: keys must reach it.
        text = re.sub(r"<figure\b", '<figure tabindex="0"', text)
        page.write_text(text, encoding="utf-8")
    icons.thin(site)


def add_server_files(site: Path, address: str) -> None:
    """Add the first page, the page for wrong addresses, and what search engines ask for."""
    first = "book/intro.html"
    head = f'<title>{TITLE}</title>\n<meta http-equiv="refresh" content="0; url={first}">'
    index = PLAIN.format(head=head, body=f'<p><a href="{first}">{TITLE}</a></p>')
    (site / "index.html").write_text(index, encoding="utf-8")
    home = f"{address}/" if address else "index.html"
    body = f"""<h1>No such page</h1>
<p>There is nothing here, not even noise. Go to <a href="{home}">the first page of the book</a>,
or search from there.</p>"""
    missing = PLAIN.format(head=f"<title>No such page · {TITLE}</title>", body=body)
    (site / "404.html").write_text(missing, encoding="utf-8")
    robots = "User-agent: *\nAllow: /\n"
    if address:
        pages = sorted(page.relative_to(site).as_posix() for page in site.glob("book/*.html"))
        sitemap = "\n".join(f"{address}/{page}" for page in pages)
        (site / "sitemap.txt").write_text(sitemap + "\n", encoding="utf-8")
        robots += f"Sitemap: {address}/sitemap.txt\n"
    (site / "robots.txt").write_text(robots, encoding="utf-8")


def print_page(page: Path, pdf: Path) -> None:
    """Print a page of the book with headless Chromium, formulas and hidden solutions included."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        raise SystemExit("make pdf needs Chromium: install it, or give CHROMIUM=/path/to/chrome")
    flags = ["--headless", "--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        tab = browser.new_page(color_scheme="light")
        tab.goto(page.as_uri())
        tab.evaluate("MathJax.startup.promise")
        solutions = "document.querySelectorAll('.tag_solution details')"
        tab.evaluate(f"{solutions}.forEach(solution => solution.open = true)")
        tab.pdf(path=pdf, format="A4", outline=True, tagged=True, print_background=True)
        browser.close()

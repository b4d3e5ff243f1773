"""Glossary terms preview in place: each page carries the definitions of the terms it links to.

book/_assets/terms.js shows them on hover, focus and touch.
"""

import json
import re
from pathlib import Path

ENTRY = re.compile(
    r'<dt id="(term-[^"]+)">(.*?)<a class="headerlink".*?</dt>\s*<dd>(.*?)</dd>', re.DOTALL
)
LINK = re.compile(r'href="[^"#]*\bglossary\.html#(term-[^"]+)"')
# A preview holds no links, for it goes away when one leaves the term; an id stands once a page.
NOT_IN_PREVIEW = re.compile(r'</?a\b[^>]*>| id="[^"]*"')


def definitions(glossary: str) -> dict[str, str]:
    """The anchor of each term of the built glossary, and its name and definition as HTML."""
    return {
        anchor: NOT_IN_PREVIEW.sub("", f"<strong>{name}</strong>\n{text.strip()}")
        for anchor, name, text in ENTRY.findall(glossary)
    }


def embed(site: Path) -> None:
    """Write into each page the definitions that it needs.

    Raises:
        KeyError: a link to a term that the glossary has not.
    """
    known = definitions((site / "book/glossary.html").read_text(encoding="utf-8"))
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if linked := sorted(set(LINK.findall(text))):
            told = json.dumps({anchor: known[anchor] for anchor in linked}, ensure_ascii=False)
            told = told.replace("</", r"<\/")  # or it would end the script
            script = f'<script type="application/json" id="glossary-terms">{told}</script>'
            page.write_text(text.replace("</body>", f"{script}\n</body>"), encoding="utf-8")

"""The theme's icon fonts, cut down to the icons that the pages draw: a twentieth of their size."""

import re
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")  # of a style sheet: selectors and declarations
NAME = re.compile(r"\bfa-[\w-]+")
GLYPH = re.compile(r'"\\([0-9a-f]+) ?"')
SOURCES = re.compile(
    r'url\(([^)]*)\.woff2\) ?format\("woff2"\), ?url\([^)]*\.ttf\) ?format\("truetype"\)'
)


def drawn(site: Path) -> set[int]:
    """Code points that style sheets draw; of icons, those that a page or a script names."""
    texts = [
        page.read_text(encoding="utf-8")
        for kind in ("html", "js")
        for page in site.rglob(f"*.{kind}")
    ]
    named = {name for text in texts for name in NAME.findall(text)}
    found = set()
    for sheet in site.rglob("*.css"):
        for selectors, body in RULE.findall(sheet.read_text(encoding="utf-8")):
            icons = NAME.findall(selectors)
            if not icons or named & set(icons):
                found |= {int(code, 16) for code in GLYPH.findall(body)}
    return found


def thin(site: Path) -> None:
    """Replaces each icon font by one that holds the drawn icons alone."""
    glyphs = drawn(site)
    for whole in site.rglob("webfonts/*.ttf"):
        font = TTFont(whole)
        subsetter = Subsetter(Options(layout_features=[]))
        subsetter.populate(unicodes=glyphs)
        subsetter.subset(font)
        font.flavor = "woff"
        font.save(whole.with_suffix(".woff"))
        whole.with_suffix(".woff2").unlink()
        whole.unlink()
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        sheet.write_text(SOURCES.sub(r'url(\1.woff) format("woff")', text), encoding="utf-8")

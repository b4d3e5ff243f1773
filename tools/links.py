"""Check the links of the built site.

links.py SITE   asks every address outside the site, and prints those that do not answer
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urldefrag
from urllib.request import Request, urlopen

import html5lib

from fa_core.widgets._joining import read

# Publishers answer so to programs; a browser gets the page.
REFUSES_PROGRAMS = {401, 403, 405, 418, 429, 503}


def trees(site: Path) -> dict[Path, list]:
    """The elements of every page."""
    return {
        page: list(html5lib.parse(page.read_bytes(), namespaceHTMLElements=False).iter())
        for page in sorted(site.rglob("*.html"))
        if "_static" not in page.parts
    }


def addresses(elements: list) -> set[str]:
    """What a page links to or shows."""
    named = (element.get(key) for element in elements for key in ("href", "src"))
    return {address for address in named if address}


def is_outside(address: str) -> bool:
    return address.startswith(("http:", "https:", "//"))


def presets() -> set[str]:
    """Places of the laboratory's page that are no elements of it: experiments that a link opens."""
    return {f"preset={key}" for key in re.findall(r'^    key: "([\w-]+)"', read("guides.js"), re.M)}


def broken(site: Path) -> list[str]:
    """Links inside the site that lead to no file, or to no place in it."""
    pages = trees(site)
    places = {page: {e.get("id") or e.get("name") for e in found} for page, found in pages.items()}
    places = {p: ids | presets() if p.stem == "laboratory" else ids for p, ids in places.items()}
    problems = []
    for page, elements in pages.items():
        for address in addresses(elements):
            if is_outside(address) or address.startswith(("mailto:", "data:", "javascript:")):
                continue
            path, place = urldefrag(address)
            path = unquote(path.partition("?")[0])
            target = (page.parent / path).resolve() if path else page
            known = places.get(target)
            if not target.is_file() or (place and known and unquote(place) not in known):
                problems.append(f"{page.relative_to(site)}: {address}")
    return sorted(problems)


def outside(site: Path) -> list[str]:
    """Every address of another host that a page leads to."""
    found = set().union(*map(addresses, trees(site).values()))
    return sorted({urldefrag(address).url for address in found if is_outside(address)})


def complaint(address: str) -> str:
    """Why an address is of no use to a reader; empty if it is."""
    request = Request(address, headers={"User-Agent": "Mozilla/5.0 (link check)"})
    try:
        with urlopen(request, timeout=30):
            return ""
    except HTTPError as error:
        return "" if error.code in REFUSES_PROGRAMS else str(error)
    except (URLError, OSError) as error:
        return str(error)


if __name__ == "__main__":
    links = outside(Path(sys.argv[1]))
    with ThreadPoolExecutor(8) as pool:
        dead = [
            f"{link}: {why}"
            for link, why in zip(links, pool.map(complaint, links), strict=True)
            if why
        ]
    print(f"{len(links)} addresses of other hosts, {len(dead)} dead", *dead, sep="\n  ")
    sys.exit(bool(dead))

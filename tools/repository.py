"""Give the project another address: repository.py https://github.com/OWNER/NAME

The address stands in pyproject.toml. Every other file repeats it, and this changes them all.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WRITTEN_IN = ("*.md", "*.toml", "*.yml", "*.cff", "book/*.md", "book/*.ipynb")


def slug() -> str:
    """OWNER/NAME of the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def move(address: str) -> None:
    """Replace the old address wherever it is written, also inside Colab's links."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", address)
    if not found:  # Colab opens notebooks from there alone
        raise ValueError(f"URL must be https://github.com/OWNER/NAME, got {address!r}")
    old, new = slug(), found[1]
    for file in (file for pattern in WRITTEN_IN for file in ROOT.glob(pattern)):
        text = file.read_text(encoding="utf-8")
        moved = re.sub(rf"(github(?:\.com)?/){re.escape(old)}(?![\w-])", rf"\g<1>{new}", text)
        if moved != text:
            file.write_text(moved, encoding="utf-8")


if __name__ == "__main__":
    try:
        move(*sys.argv[1:2] or [""])
    except ValueError as error:
        sys.exit(str(error))

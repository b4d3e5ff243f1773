"""Joins plain ES modules into one text, the form in which a notebook and a static page take them.

Each ``.js`` file here is an ordinary module. Joining puts every imported file before the file that
imports it, each once, and drops the import lines and the word ``export``: what remains is one
module in which every name is defined before use. Two forms of import are known:

- ``import { angle, norm } from "./matrix.js";`` places ``matrix.js`` before the importer;
- ``import source from "./worker.js?text";`` defines ``source`` as the joined text of
  ``worker.js``, from which a page can start a Web Worker without another file.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(
    r'^import (?:\{[^}]*\}|(?P<name>\w+)) from "\./(?P<file>\w+\.js)(?:\?text)?";\n', re.M
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.M)


def read(name: str) -> str:
    """The text of a file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def join(*entries: str) -> str:
    """One module text of the entries and of all that they import."""
    joined: dict[str, str] = {}
    for entry in entries:
        _place(entry, joined)
    return "\n".join(joined.values())


def _place(name: str, joined: dict[str, str]) -> None:
    if name in joined:
        return
    text = read(name)
    for found in _IMPORT.finditer(text):
        if not found["name"]:
            _place(found["file"], joined)
    text = _IMPORT.sub(lambda found: _as_text(found) if found["name"] else "", text)
    joined[name] = _EXPORT.sub("", text)


def _as_text(found: re.Match[str]) -> str:
    return f"const {found['name']} = {script_json(join(found['file']))};\n"


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: nothing in it can close the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")

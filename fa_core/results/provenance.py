"""Where a result comes from: the code that decided it, the machine, the versions."""

from __future__ import annotations

import ast
import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

_PACKAGE = Path(__file__).parent.parent
# Modules that decide no number: they check, read, show, keep. All others count, new ones too.
_IDLE = (
    "__init__",
    "_checks",
    "_torchvision",
    "cli",
    "doctor",
    "findings",
    "plots",
    "provenance",
    "scales",
    "store",
    "tables",
    "tabs",
)
_IGNORED = {"annotation", "returns", "ctx", "kind", "type_comment"}  # they decide no number
_PROFILES = {"quick", "paper"}  # their numbers are in the configuration


@cache
def code_version(experiment: str) -> str:
    """A hash over the source that decides the numbers of ``experiment``.

    That is the modules every experiment may use, and what ``parts`` reaches in the experiment's
    own: its module, or ``conditions`` of its package. Comments, docstrings, layout, types and the
    texts of errors do not count.
    """
    shared = [file for file in sorted(_PACKAGE.glob("*.py")) if not file.name.startswith(_IDLE)]
    experiments = _PACKAGE / "experiments"
    trees = [_tree(file) for file in (*shared, experiments / "shared/__init__.py")]
    own = (experiments / f"{experiment}.py", experiments / experiment / "conditions.py")
    trees += [_reached(_tree(file), "parts") for file in own if file.is_file()]
    return hashlib.sha256("".join(map(_normal_form, trees)).encode()).hexdigest()[:12]


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _reached(tree: ast.Module, start: str) -> ast.Module:
    """The definitions of a module that ``start`` needs, directly or not, in their order."""
    definitions = {name: node for node in tree.body for name in _defined(node)}
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in definitions and name not in found:
            found.add(name)
            nodes = ast.walk(definitions[name])
            todo += [node.id for node in nodes if isinstance(node, ast.Name)]
    return ast.Module([node for node in tree.body if found.intersection(_defined(node))], [])


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _normal_form(node: Any) -> str:
    """A syntax tree as text, without what decides no number.

    Unlike the form of ``ast.dump``, this one does not change between versions of Python.
    """
    if isinstance(node, list):
        return f"[{' '.join(map(_normal_form, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    idle = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)  # a docstring
    if idle or isinstance(node, ast.Raise) or getattr(node, "name", "") in _PROFILES:
        return ""
    fields = [
        f"{name}={_normal_form(value)}"
        for name, value in ast.iter_fields(node)
        if name not in _IGNORED and value is not None and value != []
    ]
    return f"{type(node).__name__}({' '.join(fields)})"


def device(name: str) -> str:
    """The kind of device, and its model where that is known."""
    if torch.device(name).type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(name)})"
    return f"{name} ({platform.machine()})"


def versions() -> dict[str, str]:
    """Versions of what computed the numbers."""
    packages = {name: version(name) for name in ("fa-core", "torch", "numpy")}
    return {"python": platform.python_version(), **packages}


def commit() -> str | None:
    """The commit of the source, with ``+`` if files differ from it; ``None`` outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(_PACKAGE), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", ".")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None

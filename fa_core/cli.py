"""The command ``fa-core``: computes an experiment and stores its table, or looks around."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import sys
from collections.abc import Sequence
from pkgutil import iter_modules
from typing import Any

import torch

from fa_core import __version__, doctor, experiments
from fa_core.data import DataNotFoundError
from fa_core.results.store import Store

PROFILES = ("quick", "paper")


def names() -> list[str]:
    """The experiments there are: one module each."""
    return [m.name for m in iter_modules(experiments.__path__) if m.name != "shared"]


def experiment(name: str) -> Any:
    """The module of an experiment: it has ``Config``, ``parts`` and ``findings``."""
    return importlib.import_module(f"{experiments.__name__}.{name}")


def _population(text: str) -> int:
    if not text.isdecimal() or int(text) < 3:
        raise argparse.ArgumentTypeError(f"at least 3 networks give an interval, got {text!r}")
    return int(text)


def _device(text: str) -> str:
    try:
        kind = torch.device(text).type
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"no device is called {text!r}") from error
    if kind not in ("cpu", "cuda"):
        raise argparse.ArgumentTypeError(f"only cpu and cuda compute all metrics, not {text!r}")
    if kind == "cuda" and not torch.cuda.is_available():
        raise argparse.ArgumentTypeError("this machine or this torch has no CUDA; use cpu")
    return text


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    top = argparse.ArgumentParser(prog="fa-core", description="The experiments of the book.")
    top.add_argument("--version", action="version", version=f"fa-core {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="compute an experiment and store its table",
        description="Computes an experiment and stores its table. A table that is stored already "
        "is found; a run that was interrupted goes on where it stopped. Data sets are looked for "
        "in FA_CORE_DATA.",
    )
    run.add_argument("experiment", choices=[*names(), "all"])
    run.add_argument("--profile", choices=PROFILES, default="quick", help="default: quick")
    run.add_argument("--device", type=_device, default="cpu", help="cpu (default) or cuda")
    run.add_argument("--networks", type=_population, help="in place of the profile's number")
    run.add_argument("--store", default="results", metavar="DIR", help="default: results")
    run.add_argument(
        "--replace",
        action="store_true",
        help="then remove the experiment's other tables from the store, and name them: those of "
        "other code or another configuration",
    )
    commands.add_parser("doctor", help="print versions, devices, and the data sets found")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    options = parser().parse_args(arguments)
    if options.command == "doctor":
        print(doctor.report())
        return 0
    try:
        for name in names() if options.experiment == "all" else [options.experiment]:
            _run(name, options)
    except (DataNotFoundError, FloatingPointError) as error:
        print(f"fa-core: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fa-core: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _run(name: str, options: argparse.Namespace) -> None:
    module = experiment(name)
    config = getattr(module.Config, options.profile)()
    if options.networks:
        config = dataclasses.replace(config, networks=options.networks)
    store = Store(options.store)
    result = store.compute(
        name,
        config,
        module.parts(config, options.device),
        device=options.device,
        report=lambda line: print(line, flush=True),
    )
    print(module.findings(config, result.table))
    for other in store.others(result) if options.replace else ():
        other.unlink()
        print(f"removed, of other code or another configuration: {other}")
    print(f"{result}\ntable: {result.path}", flush=True)

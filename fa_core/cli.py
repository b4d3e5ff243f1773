"""The command ``fa-core``: computes an experiment and stores its table, verifies, looks around."""

from __future__ import annotations

import argparse
import codecs
import dataclasses
import sys
import unicodedata
from collections.abc import Sequence

import torch

from fa_core import __version__, doctor, experiments
from fa_core.data import DataNotFoundError
from fa_core.experiments.shared.experiment import Experiment
from fa_core.results import files, verify
from fa_core.results.store import Store, published

PROFILES = ("quick", "paper")
# What stands for a character that a console cannot show, where its plain letter does not.
_PLAIN = {"✓": "+", "✗": "x", "−": "-", "–": "-"}


def _population(text: str) -> int:
    if not text.isdecimal() or int(text) < 3:
        raise argparse.ArgumentTypeError(f"at least 3 networks give an interval, got {text!r}")
    return int(text)


def _sample(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a sample has at least 1 part, got {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number of at least 0, got {text!r}")
    return int(text)


def _device(text: str) -> str:
    try:
        device = torch.device(text)
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"no device is called {text!r}") from error
    there = {"cpu": 1, "cuda": torch.cuda.device_count()}
    if (device.index or 0) >= there.get(device.type, 0):
        raise argparse.ArgumentTypeError(f"this machine or this torch has no {text!r}; use cpu")
    return text


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    top = argparse.ArgumentParser(prog="fa-core", description="The experiments of the book.")
    top.add_argument("--version", action="version", version=f"fa-core {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="compute an experiment and store its table",
        description="Computes an experiment and stores its table. A table of the experiment's "
        "declared version and this configuration is found if it is stored already; a run that was "
        "interrupted goes on where it stopped. Data sets are looked for in FA_CORE_DATA.",
    )
    every = [experiment.name for experiment in experiments.every()]
    run.add_argument("experiment", choices=[*every, "all"])
    run.add_argument("--profile", choices=PROFILES, default="quick", help="default: quick")
    run.add_argument("--device", type=_device, default="cpu", help="cpu (default), cuda or mps")
    run.add_argument("--networks", type=_population, help="in place of the profile's number")
    run.add_argument("--store", default="results", metavar="DIR", help="default: results")
    run.add_argument(
        "--replace",
        action="store_true",
        help="then remove the experiment's other tables from the store, and name them: those of "
        "another version or configuration. No file is touched that fa-core did not write",
    )
    check = commands.add_parser(
        "verify",
        help="compute one network of every part of the stored tables again, and compare",
        description="Computes one network of every part of every table at paper scale again, on "
        "the CPU, and prints how far it lies from what is stored, in standard deviations between "
        "networks. Ends with status 1 if a part is off, or could not be computed for want of "
        "data, unless a sample was asked for. Data sets are looked for in FA_CORE_DATA.",
    )
    check.add_argument("--store", metavar="DIR", help="default: the tables that the book shows")
    check.add_argument("--sample", type=_sample, metavar="N", help="only N parts, drawn at random")
    check.add_argument("--seed", type=_seed, help="of what is drawn; default: drawn, and printed")
    commands.add_parser("doctor", help="print versions, devices, and the data sets found")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit status."""
    _show_what_the_console_can()
    options = parser().parse_args(arguments)
    try:
        if options.command == "doctor":
            print(doctor.report())
        elif options.command == "verify":
            store = Store(options.store) if options.store else published()
            return 0 if verify.verify(store, options.sample, options.seed, _say) else 1
        else:
            for experiment in experiments.every():
                if options.experiment in (experiment.name, "all"):
                    _run(experiment, options)
    except (DataNotFoundError, FloatingPointError, files.StoreError) as error:
        print(f"fa-core: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fa-core: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _run(experiment: Experiment, options: argparse.Namespace) -> None:
    config = getattr(experiment.Config, options.profile)()
    if options.networks:
        config = dataclasses.replace(config, networks=options.networks)
    store = Store(options.store)
    result = store.compute(experiment, config, device=options.device, report=_say)
    _say(str(experiment.claims(config, result.table)))
    for other in store.others(result) if options.replace else ():
        files.remove(other)
        _say(f"removed, of another version or configuration: {other}")
    _say(f"{result}\ntable: {result.path}")


def _show_what_the_console_can() -> None:
    """Lets no character that a console's encoding lacks end a run that has computed for hours."""
    codecs.register_error("fa-core.plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="fa-core.plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    plain = (_PLAIN.get(sign) or unicodedata.normalize("NFKD", sign) for sign in lacking)
    return "".join(text if text.isascii() else "?" for text in plain), error.end


if __name__ == "__main__":
    sys.exit(main())

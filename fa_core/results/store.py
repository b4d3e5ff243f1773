"""Results that outlive the run: tables with their provenance, found again by what decides them.

A table is looked for by experiment, its declared version, configuration and part. A file is
replaced whole or not at all, so several processes may share a store. A file that is damaged, or
that is not what its name says, is named in a warning and never used; a file that no store wrote is
never touched.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fa_core import _checks
from fa_core.experiments.shared.experiment import Experiment
from fa_core.results import files
from fa_core.results.records import (
    describe,
    from_text,
    identity,
    make_record,
    read_record,
    to_text,
)
from fa_core.results.tables import check_table


@dataclass(frozen=True)
class Result:
    """A tidy table and the record of how it came about.

    ``table`` has the columns condition, step, network, metric and value; ``record`` has key,
    experiment, version (declared), part, config, code, device, versions, seconds (of computing),
    date (UTC), commit.
    """

    record: dict[str, Any]
    table: pd.DataFrame
    path: Path

    def __str__(self) -> str:
        """One line that says what was run, on what and when."""
        return describe(self.record)


def shipped(folder: str) -> Path:
    """A folder of measurements that the book shows: the checkout's own, or the package's copy."""
    package = Path(__file__).parent.parent
    own = package.parent / folder
    return own if own.is_dir() else package / "_shipped" / folder


def published() -> Store:
    """The store of the tables at paper scale that the book shows."""
    return Store(shipped("book/results"))


def at_paper_scale(experiment: Experiment) -> tuple[Any, pd.DataFrame]:
    """Configuration and published table of an experiment at paper scale.

    Raises:
        FileNotFoundError: this version of the experiment has none; the message says how to make it.
    """
    config = experiment.Config.paper()
    stored = published().load(experiment, config)
    if stored is None:
        raise FileNotFoundError(
            f"no table at paper scale is stored for {experiment.name!r}, version "
            f"{experiment.version}; to make it, run: fa-core run {experiment.name} "
            "--profile paper --store book/results"
        )
    return config, stored.table


class Store:
    """A folder of results; it is made when the first one is computed.

    Args:
        folder: where the files lie.

    Raises:
        TypeError: a folder that is no path.

    Examples:
        >>> from fa_core import experiments
        >>> alignment = experiments.get("alignment")
        >>> Store("no-such-folder").load(alignment, alignment.Config.quick()) is None
        True
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not isinstance(folder, str | os.PathLike):
            raise TypeError(f"folder must be a path, got {folder!r}")
        self.folder = Path(folder)

    def load(self, experiment: Experiment, config: Any, part: str = "") -> Result | None:
        """The stored result of this experiment's version and configuration, or ``None``.

        Warns of a file that is there but cannot be trusted, and says why.

        Raises:
            TypeError, ValueError: an experiment, configuration or part of another kind.
        """
        wanted = identity(experiment, config, part)
        path = self._path(wanted)
        try:
            record, table = from_text(path.read_bytes().decode("utf-8"), wanted)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.warn(f"{path} is damaged or foreign and is not used: {error}", stacklevel=2)
            return None
        return Result(record, table, path)

    def save(
        self,
        experiment: Experiment,
        config: Any,
        table: pd.DataFrame,
        *,
        device: str,
        seconds: float,
        part: str = "",
    ) -> Result:
        """Writes a tidy table, rounded to 4 significant digits, and returns it as stored.

        Rows whose value is NaN are not kept.

        Raises:
            TypeError, ValueError: an argument of another kind, or a table that is not tidy.
            fa_core.results.files.StoreError: the file cannot be written.
        """
        wanted = identity(experiment, config, part)
        seconds = _checks.number("seconds", seconds)
        made = make_record(experiment, config, check_table(table), device, part)
        text = to_text({**made, "seconds": round(seconds, 1)}, table)
        path = self._path(wanted)
        files.write_whole(path, text)
        return Result(*from_text(text, wanted), path)

    def compute(
        self,
        experiment: Experiment,
        config: Any,
        *,
        device: str = "cpu",
        report: Callable[[str], None] = lambda line: None,
    ) -> Result:
        """The stored result, or else what the experiment's parts compute.

        Each part is stored as soon as it is done: a run that was interrupted goes on at the part
        where it stopped. A part may be computed by two processes at once; they store the same.

        Raises:
            fa_core.results.files.StoreError: the store cannot be written; said before any work.
        """
        whole = self.load(experiment, config)
        if whole is None:
            files.check_writable(self.folder)
            whole = self._compute_parts(experiment, config, device, report)
        self._tidy_up(whole)
        return whole

    def _compute_parts(
        self, experiment: Experiment, config: Any, device: str, report: Callable[[str], None]
    ) -> Result:
        tables, seconds = [], 0.0
        parts = experiment.parts(config, device)
        for number, (name, part) in enumerate(parts.items(), 1):
            if whole := self.load(experiment, config):  # another process was faster
                return whole
            result = self.load(experiment, config, name)
            how = "found" if result else "computed"
            if result is None:
                start = time.perf_counter()
                table = part()
                took = time.perf_counter() - start
                result = self.save(
                    experiment, config, table, device=device, seconds=took, part=name
                )
            tables.append(result.table)
            seconds += result.record["seconds"]
            took_text = f"{result.record['seconds']:.0f} s"
            report(f"{experiment.name} {number}/{len(parts)}: {name}: {how}, {took_text}")
        return self.save(experiment, config, pd.concat(tables), device=device, seconds=seconds)

    def others(self, result: Result) -> list[Path]:
        """What else this store wrote of that experiment: other versions and configurations."""
        written = self._written(result.record["experiment"])
        return sorted(path for path, _ in written if path != result.path)

    def _path(self, wanted: Mapping[str, Any]) -> Path:
        ending = "part" if wanted["part"] else "csv"
        return self.folder / f"{wanted['experiment']}-{wanted['key']}.{ending}"

    def _written(self, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The files of an experiment that a store wrote: record and name fit each other."""
        for path in self.folder.glob(f"{name}-*"):
            if path.suffix in (".csv", ".part") and path.is_file():
                with suppress(OSError), path.open("rb") as file:
                    record = read_record(file.readline())
                    if record and record["experiment"] == name and path == self._path(record):
                        yield path, record

    def _tidy_up(self, whole: Result) -> None:
        """Removes parts of a whole table, and what a killed process left half written."""
        name, same = whole.record["experiment"], ("version", "config")
        for path, record in self._written(name):
            if record["part"] and all(record.get(f) == whole.record[f] for f in same):
                files.remove(path)
        files.remove_unfinished(self.folder, name)

"""Results that outlive the run: tables with their provenance, found again by what made them.

A result is one CSV file. Its first line is a JSON record: key, configuration, code version, device,
versions, wall time, date, and a checksum of the lines below. These hold one row for each
condition, metric and step, and one column for each network. A file is replaced whole or not at all,
so several processes may share a store. A file that is damaged, or that is not what its name says,
is named in a warning and never used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from fa_core.experiments.shared.experiment import Part
from fa_core.results import provenance

_ROW = ["condition", "metric", "step"]
_TIDY = ["condition", "step", "network", "metric", "value"]
_DIGITS = 4  # significant, far finer than any difference between networks


@dataclasses.dataclass(frozen=True)
class Result:
    """A tidy table and the record of how it came about.

    ``table`` has the columns condition, step, network, metric and value; ``record`` has key,
    experiment, part, config, code, device, versions, seconds (of computing), date (UTC), commit.
    """

    table: pd.DataFrame
    record: dict[str, Any]
    path: Path

    def __str__(self) -> str:
        """One line that says what was run, on what and when."""
        return describe(self.record)


def make_record(
    experiment: str, config: Any, table: pd.DataFrame, device: str, part: str = ""
) -> dict[str, Any]:
    """How a table came about that was computed just now, on this machine."""
    return {
        **_identity(experiment, config, part),
        "networks": int(table["network"].nunique()),
        "device": provenance.device(device),
        "versions": provenance.versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": provenance.commit(),
    }


def describe(record: Mapping[str, Any]) -> str:
    """A record in one line: what was run, on what and when, and the time it took if known."""
    config, seconds = record["config"], record.get("seconds")
    data = config.get("data") or config.get("tasks") or "noise"
    parts = [
        f"{record['experiment']} on {data if isinstance(data, str) else ', '.join(data)}",
        f"n = {record['networks']} networks",
        record["device"],
        record["date"],
        f"torch {record['versions']['torch']}",
        f"code {record['code']}",
    ]
    if seconds is not None:
        took = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        parts.insert(4, f"{took} of computing")
    return "; ".join(parts)


def shipped(folder: str) -> Path:
    """A folder of measurements that the book shows: the checkout's own, or the package's copy."""
    package = Path(__file__).parent.parent
    own = package.parent / folder
    return own if own.is_dir() else package / "_shipped" / folder


def published() -> Store:
    """The store of the tables at paper scale that the book shows."""
    return Store(shipped("book/results"))


class Store:
    """A folder of results; it is made when the first one is written.

    Args:
        folder: where the files lie.

    Examples:
        >>> Store("no-such-folder").load("alignment", {"networks": 8}) is None
        True
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def load(self, experiment: str, config: Any, part: str = "") -> Result | None:
        """The stored result of this experiment, configuration and code; ``None`` if there is none.

        Warns of a file that is there but cannot be trusted, and says why.
        """
        identity = _identity(experiment, config, part)
        path = self._path(identity)
        try:
            text = path.read_bytes().decode("utf-8")
            record, table = _parse(text, identity)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.warn(f"{path} is damaged or foreign and is not used: {error}", stacklevel=2)
            return None
        return Result(table, record, path)

    def save(
        self,
        experiment: str,
        config: Any,
        table: pd.DataFrame,
        *,
        device: str,
        seconds: float,
        part: str = "",
    ) -> Result:
        """Writes a tidy table, rounded to 4 significant digits, and returns it as stored.

        Rows whose value is NaN are not kept.
        """
        rows = _rows(table)
        record = {
            **make_record(experiment, config, table, device, part),
            "seconds": round(seconds, 1),
            "sha256": hashlib.sha256(rows.encode()).hexdigest(),
        }
        text = json.dumps(record, ensure_ascii=False) + "\n" + rows
        path = self._path(record)
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_bytes(text.encode("utf-8"))
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        return Result(_parse(text, record)[1], record, path)

    def compute(
        self,
        experiment: str,
        config: Any,
        parts: Mapping[str, Part],
        *,
        device: str = "cpu",
        report: Callable[[str], None] = lambda line: None,
    ) -> Result:
        """The stored result, or else what ``parts`` compute: each is stored as soon as it is done.

        A run that was interrupted goes on at the part where it stopped. A part may be computed by
        two processes at once; they store the same table.
        """
        tables, seconds = [], 0.0
        for number, (name, part) in enumerate(parts.items(), 1):
            if whole := self.load(experiment, config):
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
            report(f"{experiment} {number}/{len(parts)}: {name}: {how}, {took_text}")
        whole = self.save(experiment, config, pd.concat(tables), device=device, seconds=seconds)
        for name in parts:
            self._path(_identity(experiment, config, name)).unlink(missing_ok=True)
        return whole

    def others(self, result: Result) -> list[Path]:
        """What else lies here of that experiment: other code's and other configurations' files."""
        files = self.folder.glob(f"{result.record['experiment']}-*")
        return sorted(path for path in files if path != result.path)

    def _path(self, identity: Mapping[str, Any]) -> Path:
        ending = "part" if identity["part"] else "csv"
        return self.folder / f"{identity['experiment']}-{identity['key']}.{ending}"


def _identity(experiment: str, config: Any, part: str) -> dict[str, Any]:
    """What decides a table, and the key that stands for it."""
    fields = dict(config) if isinstance(config, Mapping) else dataclasses.asdict(config)
    identity = {
        "experiment": experiment,
        "part": part,
        "config": json.loads(json.dumps(fields, sort_keys=True)),
        "code": provenance.code_version(experiment),
    }
    text = json.dumps(identity, sort_keys=True)
    return {"key": hashlib.sha256(text.encode()).hexdigest()[:12], **identity}


def _rows(table: pd.DataFrame) -> str:
    """Tidy table to CSV text, one column for each network."""
    missing = set(_TIDY) - set(table.columns)
    if missing:
        raise ValueError(f"table must have the columns {', '.join(_TIDY)}; it lacks {missing}")
    wide = table.pivot(index=_ROW, columns="network", values="value").reset_index()
    text: str = wide.to_csv(index=False, float_format=f"%.{_DIGITS}g", lineterminator="\n")
    return text


def _parse(text: str, identity: Mapping[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Record and tidy table of a file's text, if it is what it should be."""
    head, _, rows = text.partition("\n")
    record = json.loads(head)
    wrong = [name for name, value in identity.items() if record[name] != value]
    if wrong:
        raise ValueError(f"it holds another {' and '.join(wrong)}")
    if record["sha256"] != hashlib.sha256(rows.encode()).hexdigest():
        raise ValueError("its checksum does not fit its rows")
    wide = pd.read_csv(io.StringIO(rows), keep_default_na=False, na_values=["", "nan"])
    tidy = wide.melt(_ROW, var_name="network", value_name="value").dropna(subset="value")
    return record, tidy.astype({"network": int})[_TIDY].reset_index(drop=True)

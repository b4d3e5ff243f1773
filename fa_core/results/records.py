"""What decides a table, how it came about, and the text of the file that holds both.

The first line of a file is a JSON record: key, configuration, declared version, code, device,
versions, wall time, date, and a checksum of the lines below. These hold one row for each
condition, metric and step, and one column for each network.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from fa_core.experiments.shared.experiment import Experiment
from fa_core.results import provenance
from fa_core.results.tables import ROW, TIDY

_DIGITS = 4  # significant, far finer than any difference between networks


def identity(experiment: Experiment, config: Any, part: str = "") -> dict[str, Any]:
    """What decides a table, and the key that stands for it.

    Args:
        experiment: its name and its declared version count.
        config: a dataclass or a mapping of what JSON can hold; the seed is in it.
        part: name of the part, or ``""`` for the whole table.

    Raises:
        TypeError, ValueError: another kind of argument, or a name that is none for a file.
    """
    if not isinstance(experiment, Experiment):
        raise TypeError(
            f"experiment must be an Experiment, as fa_core.experiments.get gives; "
            f"got {experiment!r}"
        )
    if not re.fullmatch(r"\w[\w-]*", experiment.name):
        raise ValueError(
            f"experiment.name must be letters, digits, _ and -, for files are named by it; "
            f"got {experiment.name!r}"
        )
    if not isinstance(part, str):
        raise TypeError(f"part must be the name of a part, got {part!r}")
    found = {
        "experiment": experiment.name,
        "version": experiment.version,
        "part": part,
        "config": _plain(config),
    }
    text = json.dumps(found, sort_keys=True)
    return {"key": hashlib.sha256(text.encode()).hexdigest()[:12], **found}


def _plain(config: Any) -> dict[str, Any]:
    """A configuration as JSON gives it back: the same at every run."""
    is_instance = dataclasses.is_dataclass(config) and not isinstance(config, type)
    if not is_instance and not isinstance(config, Mapping):
        raise TypeError(f"config must be a dataclass or a mapping, got {config!r}")
    fields = dict(config) if isinstance(config, Mapping) else dataclasses.asdict(config)
    try:
        plain: dict[str, Any] = json.loads(json.dumps(fields, sort_keys=True, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"config must hold what JSON can; {error}; got {config!r}") from error
    return plain


def make_record(
    experiment: Experiment, config: Any, table: pd.DataFrame, device: str, part: str = ""
) -> dict[str, Any]:
    """How a table came about that was computed just now, on this machine."""
    return {
        **identity(experiment, config, part),
        "code": provenance.code_version(),
        "networks": int(table["network"].nunique()),
        "device": provenance.device(device),
        "versions": provenance.versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": provenance.commit(),
    }


def describe(record: Mapping[str, Any]) -> str:
    """A record in one line: what was run, on what and when, and the time it took if known."""
    config, seconds = record["config"], record.get("seconds")
    data = next((config[key] for key in ("data", "tasks", "sets") if config.get(key)), "noise")
    parts = [
        f"{record['experiment']} on {data if isinstance(data, str) else ', '.join(data)}",
        f"n = {record['networks']} networks",
        record["device"],
        record["date"],
        f"torch {record['versions']['torch']}",
        f"version {record['version']}, code {record['code']}",
    ]
    if seconds is not None:
        took = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        parts.insert(4, f"{took} of computing")
    return "; ".join(parts)


def to_text(record: Mapping[str, Any], table: pd.DataFrame) -> str:
    """The text of a file. Rows whose value is NaN are not kept."""
    wide = table.pivot(index=ROW, columns="network", values="value").reset_index()
    rows: str = wide.to_csv(index=False, float_format=f"%.{_DIGITS}g", lineterminator="\n")
    full = {**record, "sha256": hashlib.sha256(rows.encode()).hexdigest()}
    return json.dumps(full, ensure_ascii=False) + "\n" + rows


def read_record(line: str | bytes) -> dict[str, Any] | None:
    """The record that a file's first line holds, if it is one of this store's."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    fields = {"key", "experiment", "part", "config", "sha256"}
    return record if isinstance(record, dict) and fields <= set(record) else None


def from_text(text: str, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Record and tidy table of a file's text.

    Raises:
        ValueError: it is no such file, holds another than the ``wanted`` identity, or is damaged.
    """
    head, _, rows = text.partition("\n")
    record = read_record(head)
    if record is None:
        raise ValueError("its first line is no record")
    wrong = [name for name, value in wanted.items() if record.get(name) != value]
    if wrong:
        raise ValueError(f"it holds another {' and '.join(wrong)}")
    if record["sha256"] != hashlib.sha256(rows.encode()).hexdigest():
        raise ValueError("its checksum does not fit its rows")
    wide = pd.read_csv(io.StringIO(rows), keep_default_na=False, na_values=["", "nan"])
    tidy = wide.melt(ROW, var_name="network", value_name="value").dropna(subset="value")
    return record, tidy.astype({"network": int})[TIDY].reset_index(drop=True)

"""Speed beside a plain loop and beside the machine's limit: python -m benchmarks --help."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from benchmarks import ablation, limits, report
from benchmarks.contestants import BATCH, HAS_JAX, SIZES, field
from fa_core.results import provenance

ROUND = 0.3  # seconds that one contestant runs in one round, about
MOST = 1000  # updates of a run; an epoch has 937


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=7, help="default 7")
    parser.add_argument("--out", type=Path, help="default benchmarks/results/DEVICE.json")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is not met")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {options.rounds}")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device")
    if options.device == "cpu" and not HAS_JAX:
        print("JAX is not installed, so it does not race: pip install '.[bench]' adds it")
    result = measure(options.device, options.rounds)
    print("\n".join(report.text(result)))
    out = options.out or Path(__file__).parent / "results" / f"{options.device}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(options.check and not all(goal["met"] for goal in report.goals(result)))


def measure(device: str, rounds: int) -> dict[str, Any]:
    """All contestants in turn, in every round: what disturbs one disturbs the others too."""
    contestants = field(device, [8, 16, 64, *([256] if device == "cuda" else [])])
    stages = ablation.stages(device)
    runs = [contestant.seconds for contestant in contestants] + list(stages.values())
    sizes = [c.networks or 1 for c in contestants] + [ablation.NETWORKS] * len(stages)
    times: list[list[float]] = [[] for _ in runs]
    limit: dict[str, list[float]] = {}
    with tqdm(total=len(runs) * (rounds + 1), desc="benchmark", unit="run") as bar:
        updates = []
        for run, networks in zip(runs, sizes, strict=True):
            updates.append(_enough(run, networks))
            bar.update()
        for _ in range(rounds):
            for name, value in limits.measure(device).items():
                limit.setdefault(name, []).append(value)
            for run, count, found in zip(runs, updates, times, strict=True):
                found.append(run(count))
                bar.update()
    best = {name: max(values) for name, values in limit.items()}
    raced = any(c.name == "JAX" for c in contestants)
    flops = max(best["square"], best["layer"])
    rows = [
        {**{k: getattr(c, k) for k in ("name", "training", "networks")}, "sizes": list(c.sizes)}
        | {"updates": count, "seconds": found}
        for c, count, found in zip(contestants, updates, times, strict=False)
    ]
    result: dict[str, Any] = {
        "machine": machine(device),
        "device": device,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": provenance.versions() | ({"jax": version("jax")} if raced else {}),
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": rounds,
        "batch_size": BATCH,
        "limits": {
            **best,
            "seconds": {
                "-".join(map(str, s)): limits.seconds(s, flops, best["bandwidth"]) for s in SIZES
            },
            "operations": {"-".join(map(str, s)): limits.operations(s) for s in SIZES},
            "bytes": {"-".join(map(str, s)): limits.optimiser_bytes(s) for s in SIZES},
        },
        "rows": rows,
        "ablation": dict(zip(stages, times[len(contestants) :], strict=True)),
    }
    # What the book's page shows is stored too: there the page finds no code but fa_core.
    shown = {"headings": report.HEADINGS, "table": report.table(result)}
    return result | shown | {"goals": report.goals(result)}


def _enough(run: Callable[[int], float], networks: int) -> int:
    """Updates that take about ``ROUND`` seconds; the trials also warm up."""
    seconds = min(run(4), run(4)) * networks
    return min(MOST, max(4, int(ROUND / max(seconds, 1e-5))))


def machine(device: str) -> str:
    """The public name of the processor or GPU."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else provenance.device(device)


if __name__ == "__main__":
    sys.exit(main())

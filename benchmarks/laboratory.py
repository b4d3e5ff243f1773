"""Speed and weight of the laboratory in a headless Chromium, beside its goals.

    python -m benchmarks.laboratory [minutes of the memory check, default 5]

Needs Chromium (``CHROMIUM=/path/to/chrome`` names another) and the ``test`` requirements. Writes
benchmarks/results/laboratory.json, which the book's page on speed shows.
"""

import gzip
import json
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.__main__ import machine
from fa_core import rules
from fa_core.widgets import Laboratory
from fa_core.widgets._joining import join

# Each measure, its goal, and whether the goal is the most that is allowed or the least.
GOALS = {
    "noise steps a second, 64-64-10, batch 64": (1500, "least"),
    "seconds of 2,000 noise steps, with their curves": (1.5, "most"),
    "frames a second while training": (30, "least"),
    "tasks of the page over 50 ms while training": (0, "most"),
    "seconds from opening to usable": (1, "most"),
    "kB of the laboratory, gzipped": (1500, "most"),
    "% more memory at the end than after a minute": (5, "most"),
}

STEPS_A_SECOND = """({ rule, steps, rounds }) => {
  const net = new Network([64, 64, 10], rule);
  net.initialise(new Random(0, "init"));
  net.begin(5e-4);
  const noise = { distribution: "gaussian", mean: 0, std: 1, labels: "random" };
  const source = new NoiseGenerator(noise, 10, new Random(0, "noise"));
  const [x, y] = [new Float64Array(64 * 64), new Float64Array(64 * 10)];
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    for (let t = 0; t < steps; t++) {
      source.fill(x, y);
      net.step(x, y, 64);
    }
    times.push((performance.now() - begun) / steps);
  }
  times.sort((a, b) => a - b);
  return 1000 / times[rounds >> 1];
}"""

FRAMES = """(seconds) => new Promise((done) => {
  const long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries()))
    .observe({ type: "longtask" });
  const begun = performance.now();
  let frames = 0;
  requestAnimationFrame(function tick() {
    frames += 1;
    if (performance.now() - begun < 1000 * seconds) requestAnimationFrame(tick);
    else done([frames / seconds, long.length]);
  });
})"""


def memory(page: Page) -> float:
    """MB that the page's processes hold after a collection (read from /proc: Linux)."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    system = page.context.browser.new_browser_cdp_session()
    running = system.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [Path(f"/proc/{p['id']}/statm") for p in running if p["type"] == "renderer"]
    pages = sum(int(file.read_text().split()[1]) for file in renderers if file.is_file())
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def finish(page: Page) -> float:
    """Runs to the end; seconds from the click."""
    return page.evaluate("""() => new Promise((done) => {
      const begun = performance.now();
      const status = document.querySelector(".wd-status");
      new MutationObserver(() => status.textContent.startsWith("Finished") &&
        done((performance.now() - begun) / 1000)).observe(status, { childList: true });
      document.querySelector(".wd-main").click();
    })""")


def measure(browser, folder: Path, minutes: int):
    """The measures in the order of GOALS, one after another."""
    page = browser.new_page()
    names = "Object.assign(window, { Network, Random, NoiseGenerator });"
    module = join("engine.js", "random.js")
    page.set_content(f"<script type=module>{module}\n{names}</script>")
    page.wait_for_function("Boolean(window.Network)")
    rule = rules.as_data()["fa"]
    yield page.evaluate(STEPS_A_SECOND, {"rule": rule, "steps": 200, "rounds": 25})
    page.close()

    def show(lab: Laboratory) -> Page:
        file = folder / "laboratory.html"
        file.write_text(f"<!doctype html>{lab.to_html()}", encoding="utf-8")
        opened = browser.new_page()
        opened.goto(file.as_uri())
        ready = "document.querySelector('.wd-status')?.textContent.startsWith('Ready')"
        opened.wait_for_function(ready)
        opened.get_by_label("Speed").select_option("")  # all that the machine can
        return opened

    seconds = []
    for _ in range(3):
        page = show(Laboratory(noise=2000, data=1))
        seconds.append(finish(page))
        page.close()
    yield min(seconds)  # other work on the machine only ever adds

    page = show(Laboratory(noise=20000, data=20000, hidden=256, depth=4))
    usable = page.evaluate("performance.now()") / 1000
    page.locator(".wd-main").click()
    yield from page.evaluate(FRAMES, 5)
    yield usable
    yield len(gzip.compress(Laboratory().to_html().encode())) / 1000
    page.wait_for_timeout(60_000)
    first = memory(page)
    page.wait_for_timeout(60_000 * (minutes - 1))
    assert page.get_by_role("button", name="Pause").is_visible(), "the run ended too early"
    yield 100 * (memory(page) / first - 1)


def main(minutes: int) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("Chromium is missing: install it, or name one with CHROMIUM=/path/to/chrome")
    table = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        values = measure(browser, Path(folder), minutes)
        for (name, (goal, bound)), value in zip(GOALS.items(), values, strict=True):
            met = value >= goal if bound == "least" else value <= goal
            table.append([name, f"{value:.4g}", f"at {bound} {goal}", "met" if met else "not met"])
            print("{}: {} ({}: {})".format(*table[-1]), flush=True)
        about = {
            "machine": machine("cpu"),
            "cores": os.cpu_count(),
            "browser": f"Chromium {browser.version}, headless",
            "date": datetime.now(UTC).date().isoformat(),
            "minutes": minutes,
        }
        browser.close()
    result = about | {"headings": ["measure", "measured", "goal", ""], "table": table}
    out = Path(__file__).parent / "results/laboratory.json"
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

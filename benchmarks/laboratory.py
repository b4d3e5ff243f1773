"""Speed and weight of the laboratory in a headless Chromium; prints one line a measure.

    python benchmarks/laboratory.py [minutes of the memory check, default 1]

Needs Chromium (``CHROMIUM=/path/to/chrome`` names another) and the ``test`` requirements.
"""

import gzip
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from fa_core.widgets import Laboratory
from fa_core.widgets._joining import join

STEPS_A_SECOND = """({ steps, rounds }) => {
  const net = new Network([64, 64, 10], "fa");
  net.initialise(new Random(0, "init"));
  const noise = { distribution: "gaussian", mean: 0, std: 1, labels: "random" };
  const source = new NoiseGenerator(noise, 10, new Random(0, "noise"));
  const [x, y] = [new Float64Array(64 * 64), new Float64Array(64 * 10)];
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    for (let t = 0; t < steps; t++) {
      source.fill(x, y);
      net.step(x, y, 64, 5e-4);
    }
    times.push((performance.now() - begun) / steps);
  }
  times.sort((a, b) => a - b);
  return [1000 / times[0], 1000 / times[rounds >> 1]];
}"""

FRAMES = """(seconds) => new Promise((done) => {
  const long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: "longtask" });
  const begun = performance.now();
  let frames = 0;
  requestAnimationFrame(function tick() {
    frames += 1;
    if (performance.now() - begun < 1000 * seconds) requestAnimationFrame(tick);
    else done([frames / seconds, long]);
  });
})"""


def memory(page: Page) -> str:
    """The page's JavaScript heap after a collection, and all that its processes hold (Linux)."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    system = page.context.browser.new_browser_cdp_session()
    running = system.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [Path(f"/proc/{p['id']}/statm") for p in running if p["type"] == "renderer"]
    pages = sum(int(file.read_text().split()[1]) for file in renderers if file.is_file())
    return f"heap {heap:.1f} MB, renderers {pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB"


def finish(page: Page) -> float:
    """Runs to the end; seconds from the click."""
    return page.evaluate("""() => new Promise((done) => {
      const begun = performance.now();
      const status = document.querySelector(".wd-status");
      new MutationObserver(() => status.textContent.startsWith("Finished") &&
        done((performance.now() - begun) / 1000)).observe(status, { childList: true });
      document.querySelector(".wd-main").click();
    })""")


def main(minutes: float) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("Chromium is missing: install it, or name one with CHROMIUM=/path/to/chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)

        page = browser.new_page()
        names = "Object.assign(window, { Network, Random, NoiseGenerator });"
        module = join("engine.js", "random.js")
        page.set_content(f"<script type=module>{module}\n{names}</script>")
        page.wait_for_function("Boolean(window.Network)")
        best, median = page.evaluate(STEPS_A_SECOND, {"steps": 200, "rounds": 25})
        print(f"noise steps a second, 64-64-10, batch 64: best {best:.0f}, median {median:.0f}")

        def show(lab: Laboratory) -> Page:
            file = Path(folder, "laboratory.html")
            file.write_text(f"<!doctype html>{lab.to_html()}", encoding="utf-8")
            opened = browser.new_page()
            opened.goto(file.as_uri())
            opened.wait_for_function(
                "document.querySelector('.wd-status')?.textContent.startsWith('Ready')"
            )
            return opened

        size = len(gzip.compress(Laboratory().to_html().encode()))
        print(f"the laboratory's HTML, gzipped: {size / 1000:.0f} kB")
        page = show(Laboratory())
        print(f"usable after {page.evaluate('performance.now()') / 1000:.2f} s")
        page.close()
        seconds = []
        for _ in range(3):
            page = show(Laboratory(noise=2000, data=1))
            seconds.append(finish(page))
            page.close()
        print(f"2,000 noise steps and one data step: {min(seconds):.2f} s at best of 3")

        page = show(Laboratory(noise=20000, data=20000, hidden=256, depth=4))
        page.locator(".wd-main").click()
        frames, long = page.evaluate(FRAMES, 5)
        print(f"frames a second while training: {frames:.0f}; tasks over 50 ms: {len(long)}")
        print(f"at first: {memory(page)}")
        page.wait_for_timeout(60_000 * minutes)
        place = page.locator(".wd-where span").first.inner_text()
        print(f"after {minutes:g} minutes, at {place.lower()}: {memory(page)}")
        browser.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1)

// The laboratory's toolbar, which stays in view, and what lets a reader keep a run.

import { choice, element, whole } from "./dom.js";

const PACE = 6; // seconds of a run, where the machine can
const SPEEDS = [["pace", `${PACE} s a run`], ["", "full"], [300, "300 steps/s"], [30, "30 steps/s"]];

export const button = (text, extra = "") => element("button", { type: "button", class: `wd-button ${extra}` }, text);

/** Run, One step, Reset, Speed and how far the run is. */
export function buildToolbar() {
  const [play, oneStep, reset] = [button("▶ Run", "wd-main"), button("One step"), button("Reset")];
  const speed = choice("Speed", SPEEDS);
  const done = element("div");
  const progress = element("div", { class: "wd-progress", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": 0 }, done);
  const [where, detail] = [element("span"), element("span")];
  return {
    play,
    oneStep,
    reset,
    speed: speed.select,
    parts: [element("div", { class: "wd-bar" }, play, oneStep, reset, speed.label), progress, element("div", { class: "wd-where" }, where, detail)],
    showPlaying: (playing) => (play.textContent = playing ? "❚❚ Pause" : "▶ Run"),
    /** Steps a second for a run of these settings, or null for all that the machine can. */
    stepsPerSecond: ({ noise, data }) => (speed.select.value === "pace" ? (noise + data) / PACE : Number(speed.select.value) || null),
    /** Shows data step `now` and returns it in words. */
    showPlace({ noise, data }, now) {
      progress.setAttribute("aria-valuemax", noise + data);
      progress.setAttribute("aria-valuenow", noise + now);
      done.style.width = `${(100 * (noise + now)) / (noise + data)}%`;
      where.textContent =
        now < 0 ? `Noise step ${whole(noise + now)} of ${whole(noise)}` : `Data step ${whole(now)} of ${whole(data)}`;
      detail.textContent = now < 0 ? "FA and BP wait for the data" : `after ${whole(noise)} noise steps`;
      return where.textContent;
    },
  };
}

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function asCsv(rows) {
  const heads = Object.keys(rows[0]);
  return [heads, ...rows.map((row) => heads.map((head) => row[head]))].map((r) => `${r.join(",")}\n`).join("");
}

/** Copy link, where the page has an `address()` of its own, and Save CSV of `rows()`. */
export function buildKeeping(address, rows) {
  const [copy, save] = [button("Copy link"), button("Save CSV")];
  const link = element("input", { type: "text", readonly: true, "aria-label": "Link to this run", hidden: true });
  // A line of its own: a run that goes on rewrites its status many times a second.
  const copied = element("p", { class: "wd-note", "aria-live": "polite" });
  copy.hidden = !address;
  copy.addEventListener("click", async () => {
    link.value = address();
    try {
      await navigator.clipboard.writeText(link.value);
      copied.textContent = "The link is copied: it opens this page with these settings.";
    } catch {
      link.hidden = false;
      link.select();
      copied.textContent = "The browser does not let the page copy: the link stands selected below.";
    }
  });
  save.addEventListener("click", () => rows().length > 0 && download("laboratory.csv", asCsv(rows())));
  return element("div", {}, element("div", { class: "wd-bar" }, copy, save), copied, link);
}

// One switch of scale for a page: every pair of tabs and the text that speaks of one scale follow
// it, and the next page remembers it. Without this script the tabs stand for themselves.

const SCALES = {
  paper: ["Paper scale", "The paper's sizes: stored tables"],
  quick: ["This run", "Small sizes: computed when this page was built"],
};
const KEY = "noise-before-data-scale";

// A browser may forbid a page to remember anything.
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(scale) {
  try {
    localStorage.setItem(KEY, scale);
  } catch {
    // The switch still works on this page.
  }
}

function makeSwitch(choose) {
  const bar = document.createElement("fieldset");
  bar.className = "scale-switch";
  const legend = bar.appendChild(document.createElement("legend"));
  legend.textContent = "Scale";
  for (const [scale, [title, meaning]] of Object.entries(SCALES)) {
    const label = bar.appendChild(document.createElement("label"));
    const radio = label.appendChild(document.createElement("input"));
    Object.assign(radio, { type: "radio", name: "scale", value: scale });
    radio.addEventListener("change", () => choose(scale));
    label.append(title);
    label.title = meaning;
  }
  return bar;
}

// What the reader looks at stays where it is, though what lies above it changes its height.
function inPlace(article, bar, change) {
  const top = bar.getBoundingClientRect().bottom;
  const blocks = [...article.querySelectorAll(".fa-tabs, p, h2, h3, pre")];
  const seen = blocks.find((block) => block.getBoundingClientRect().bottom > top);
  const before = seen?.getBoundingClientRect().top;
  change();
  if (seen?.offsetParent) window.scrollBy(0, seen.getBoundingClientRect().top - before);
}

document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector(".bd-article");
  const title = article?.querySelector("h1");
  const titles = Object.values(SCALES).map(([name]) => name);
  const tabs = [...(article?.querySelectorAll(".fa-tabs > input") ?? [])];
  const pairs = tabs.filter((tab) => titles.includes(tab.value));
  if (!title || !(pairs.length || article.querySelector(".paper, .quick"))) return;

  const show = (scale) => {
    document.documentElement.dataset.scale = scale;
    for (const tab of pairs) tab.checked = tab.value === SCALES[scale][0];
  };
  const bar = makeSwitch((scale) => {
    inPlace(article, bar, () => show(scale));
    remember(scale);
  });
  for (const tab of pairs) tab.parentElement.classList.add("fa-follows");
  title.after(bar);
  const first = pairs[0]?.value === titles[1] ? "quick" : "paper"; // what stands first
  const scale = Object.hasOwn(SCALES, remembered() ?? "") ? remembered() : first;
  bar.querySelector(`input[value=${scale}]`).checked = true;
  show(scale);
});

// Paper folds nothing away, but for code that is hidden on the screen as well.
window.addEventListener("beforeprint", () => {
  const folded = ".bd-article details:not(.hide), .bd-article .tag_set-up details";
  for (const details of document.querySelectorAll(folded)) details.open = true;
});

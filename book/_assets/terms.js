// A link to the glossary shows what its term means: under the mouse, on focus, at the first tap.
// The definitions lie in the page; tools/terms.py put them there.

const WAIT = 150; // ms, so that a mouse that only passes opens nothing

document.addEventListener("DOMContentLoaded", () => {
  const terms = JSON.parse(document.getElementById("glossary-terms")?.textContent ?? "{}");
  const links = document.querySelectorAll('a[href*="glossary.html#term-"]');
  if (!Object.keys(terms).length) return;

  const tip = document.createElement("div");
  Object.assign(tip, { id: "glossary-tip", className: "glossary-tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  let shown = null; // the link whose term is shown
  let timer = 0;

  const place = () => {
    const at = shown.getClientRects()[0];
    const below = at.bottom + 6 + tip.offsetHeight < window.innerHeight;
    const top = below ? at.bottom + 6 : at.top - 6 - tip.offsetHeight;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.top = `${window.scrollY + Math.max(top, 0)}px`;
    tip.style.left = `${window.scrollX + Math.max(8, Math.min(at.left, room))}px`;
  };
  const close = () => {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  };
  const open = (link) => {
    close();
    shown = link;
    tip.innerHTML = terms[link.hash.slice(1)];
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    place();
    window.MathJax?.typesetPromise?.([tip]).then(() => shown === link && place());
  };
  const later = (act) => {
    clearTimeout(timer);
    timer = setTimeout(act, WAIT);
  };

  for (const link of links) {
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") later(() => open(link));
    });
    link.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") later(close);
    });
    link.addEventListener("focus", () => link.matches(":focus-visible") && open(link));
    link.addEventListener("blur", close);
    link.addEventListener("click", (event) => {
      if (event.pointerType !== "touch" || shown === link) return;
      event.preventDefault(); // the next tap follows the link
      open(link);
    });
  }
  // The mouse may move onto the text; Escape and a tap elsewhere close it.
  tip.addEventListener("pointerenter", () => clearTimeout(timer));
  tip.addEventListener("pointerleave", () => later(close));
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("pointerdown", (event) => {
    if (!tip.contains(event.target) && !shown?.contains(event.target)) close();
  });
});

"use strict";
// Without this script the page shows every garment; with it, those that answer every control that is set.
const form = document.getElementById("filters");
const shown = document.getElementById("shown");
const none = document.getElementById("none");
const shelves = [...document.querySelectorAll(".shelf")].map((node) => ({
  node,
  count: node.querySelector(".count"),
  garments: [...node.querySelectorAll(".garment")],
}));

// "3 garments" where all are shown, else "1 of 3 garments".
function counted(some, all) {
  return `${some === all ? "" : `${some} of `}${all} garment${all === 1 ? "" : "s"}`;
}

// What every control that is set asks for: [name, any of these values].
function wishes() {
  const set = new FormData(form);
  set.delete("text");
  return [...new Set(set.keys())]
    .map((name) => [name, set.getAll(name).filter(Boolean)])
    .filter(([, values]) => values.length > 0);
}

function apply() {
  const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = wishes();
  const answers = ({ dataset }) =>
    words.every((word) => dataset.text.includes(word)) &&
    wanted.every(([name, values]) => dataset[name].split(" ").some((own) => values.includes(own)));
  let [some, all] = [0, 0];
  for (const { node, count, garments } of shelves) {
    let left = 0;
    for (const garment of garments) {
      garment.hidden = !answers(garment);
      left += garment.hidden ? 0 : 1;
    }
    node.hidden = left === 0;
    count.textContent = counted(left, garments.length);
    some += left;
    all += garments.length;
  }
  none.hidden = some > 0;
  shown.textContent = counted(some, all);
}

function reset() {
  form.reset();
  apply();
}

form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("button.all")) button.addEventListener("click", reset);
// A garment that an outfit points at is shown, whatever was filtered.
document.addEventListener("click", ({ target }) => {
  const link = target.closest("a.tile");
  if (link && document.getElementById(link.hash.slice(1))?.hidden) reset();
});
// A browser that goes back fills the controls in again.
addEventListener("pageshow", apply);

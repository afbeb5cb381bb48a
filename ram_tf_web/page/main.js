/** Loads what the page was built with, and starts it. */

import { fetchBuilt, Model } from "./model.js";
import { Page } from "./page.js";

// Where the large image is, and how an address asks for it.
const LARGE = "large";
const isLarge = new URLSearchParams(location.search).has(LARGE);
const place = isLarge ? `${LARGE}/` : "";

const $ = (selector) => document.querySelector(selector);

/** Fills in the facts that the page's words leave out. */
function describe(facts, source) {
  const [, height, width] = facts.signatures.classify.inputs.image.shape;
  const size = `${facts.glimpse_size}×${facts.glimpse_size}`;
  $("#canvas-size").textContent = `${height}×${width}`;
  $("#glimpses").textContent = facts.glimpses;
  $("#glimpse-size").textContent = `${facts.windows.length} × ${size}`;
  $("#bytes").textContent = `${Math.round(facts.bytes / 1000)} kB`;
  $("#source").textContent = source;
}

/** Leads to the other image, where the page was built with one. */
function lead({ large_side: side }) {
  document.body.classList.toggle(LARGE, isLarge);
  if (!isLarge && !side) return;
  const link = $("#other");
  link.hidden = false;
  link.href = isLarge ? "." : `?${LARGE}`;
  link.textContent = isLarge
    ? "Back to a small image"
    : `A large image, ${side}×${side}: the eye finds the digit`;
}

async function start() {
  const [facts, about] = await Promise.all(
    ["model.json", "scenes.json"].map(async (name) =>
      (await fetchBuilt(place + name)).json(),
    ),
  );
  describe(facts, about.source);
  lead(about);
  const model = await Model.load(`${place}model.tflite`, facts);
  const page = new Page(model, facts, about);
  document.body.classList.replace("loading", "ready");
  $("#examples input").checked = true;
  await page.choose(0);
}

function fail(error) {
  console.error(error);
  document.body.classList.replace("loading", "failed");
  $("#status").role = "alert";
  $("#status").textContent =
    `${error.message ?? "LiteRT.js could not be loaded."} ` +
    "The page is built and served by: make web";
}

start().catch(fail);

/** Loads what the page was built with, and starts it. */

import { Digits } from "./digits.js";
import { fetchBuilt, Model } from "./model.js";
import { Page } from "./page.js";
import { Signs } from "./signs.js";

// What the page may have been built with: directories by the word of the
// address that asks for one, and how a link to it is called.
const IMAGES = {
  "": { kind: Digits, title: () => "A small image of digits" },
  large: {
    kind: Digits,
    title: (size) => `A large image, ${size}: the eye finds the digit`,
  },
  photograph: {
    kind: Signs,
    title: (size) => `A photograph, ${size}: the eye finds the sign`,
  },
};

const $ = (selector) => document.querySelector(selector);
const words = new URLSearchParams(location.search);
const asked = Object.keys(IMAGES).find((name) => words.has(name)) ?? "";
const place = asked && `${asked}/`;
const { kind: Kind } = IMAGES[asked];

/** Fills in the facts that the page's words leave out. */
function describe(facts, source) {
  const [, side, , channels] = facts.signatures.classify.inputs.image.shape;
  const { windows, glimpse_size: size, glimpses, bytes } = facts;
  const colours = channels > 1 ? ` × ${channels}` : "";
  $("#canvas-size").textContent = squared(side);
  $("#glimpses").textContent = glimpses;
  $("#glimpse-size").textContent =
    `${windows.length} × ${squared(size)}${colours}`;
  $("#bytes").textContent = `${Math.round(bytes / 1000)} kB`;
  $("#source").textContent = source;
}

/** Leads to the other images that the page was built with. */
function lead(sides) {
  for (const [name, side] of Object.entries(sides)) {
    if (name === asked) continue;
    const link = document.createElement("a");
    link.href = name ? `?${name}` : ".";
    link.textContent = IMAGES[name].title(squared(side));
    $("#other").append(link);
  }
}

function squared(side) {
  return `${side}×${side}`;
}

async function start() {
  document.body.classList.add(Kind.style);
  document.body.classList.toggle("wide", asked !== "");
  const [sides, facts, about] = await Promise.all(
    ["images.json", `${place}model.json`, `${place}scenes.json`].map(
      async (name) => (await fetchBuilt(name)).json(),
    ),
  );
  describe(facts, about.source);
  lead(sides);
  const kind = await Kind.read(about, facts, place);
  const model = await Model.load(`${place}model.tflite`, facts);
  const page = new Page(model, facts, kind);
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

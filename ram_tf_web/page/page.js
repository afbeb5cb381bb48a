/** The page at work: a scene, the answer to it, and what changes them. */

import { Square } from "./composition.js";
import { copyOf, readScenes, showExamples } from "./examples.js";
import { GlimpseView } from "./glimpse_view.js";
import { Pad } from "./pad.js";
import { percent } from "./pictures.js";
import { Player } from "./player.js";
import { Retina } from "./retina.js";
import { SceneView } from "./scene_view.js";
import { render } from "./strokes.js";

const QUIET_MS = 400; // Changes end for this long before the answer is said.
const $ = (selector) => document.querySelector(selector);

export class Page {
  #busy = false;
  #stale = false;
  #saying = 0;

  constructor(model, facts, about) {
    this.model = model;
    this.facts = facts;
    this.about = about;
    this.retina = new Retina(facts);
    this.scenes = readScenes(about, this.retina.side);
    this.#makeViews();
    this.#makeControls();
  }

  /** Takes a built-in scene. */
  async choose(index) {
    this.pad.clear();
    this.scene = copyOf(this.scenes[index]);
    this.label = this.scenes[index].label;
    await this.refresh();
    this.player.present();
  }

  /** Takes a drawing for the digit. */
  draw(strokes) {
    const { digit_side: side, digit_box: box } = this.about;
    this.#replace(render(strokes, side, box));
  }

  addClutter() {
    const { clutter_size: size, patches_at_once: count } = this.about;
    for (let patch = 0; patch < count; patch++) {
      const pick = Math.floor(Math.random() * this.scenes.length);
      this.scene.addClutter(this.scenes[pick].digit, size);
    }
    this.change();
  }

  /** After the scene has changed: shows the whole path at once. */
  change() {
    this.player.go(this.facts.glimpses - 1);
    return this.refresh();
  }

  /** Asks the model again; while it is busy, what was asked last counts. */
  async refresh() {
    this.#stale = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#stale) {
        this.#stale = false;
        await this.#answer();
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Puts a digit of the user's own where the last one was. */
  #replace(digit) {
    this.scene.digit = digit;
    this.label = null;
    const chosen = $("#examples :checked");
    if (chosen) chosen.checked = false;
    this.change();
  }

  async #answer() {
    const image = this.scene.image();
    this.answer = await this.model.classify(image);
    this.sceneView.showImage(image);
    this.glimpseView.show(image, this.answer);
    $("#time").textContent = `${this.answer.milliseconds.toFixed(2)} ms`;
    this.#showMoment(this.player.moment);
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => this.#say(), QUIET_MS);
    const detail = { image, ...this.answer };
    document.dispatchEvent(new CustomEvent("answer", { detail }));
  }

  #showMoment(moment) {
    if (!this.answer) return;
    const { locations, probabilities } = this.answer;
    const glimpse = Math.round(moment);
    this.sceneView.showPath(locations, moment);
    this.glimpseView.choose(glimpse);
    const [best, probability] = top(probabilities[glimpse]);
    $("#class").textContent = this.facts.labels[best];
    $("#certainty").textContent = `${percent(probability)} sure`;
    this.#judge(best);
  }

  #judge(best) {
    const right = best === this.label;
    const verdict = right ? "✓ right" : `✗ it is a ${this.label}`;
    $("#verdict").textContent = this.label === null ? "" : verdict;
    $("#verdict").className = right ? "right" : "wrong";
  }

  /** For those who hear the page. */
  #say() {
    const [best, probability] = top(this.answer.probabilities.at(-1));
    $("#said").textContent =
      `The model reads ${this.facts.labels[best]}, ${percent(probability)} ` +
      `sure after ${this.facts.glimpses} glimpses.`;
  }

  #makeViews() {
    const { glimpses } = this.facts;
    this.player = new Player($("#player"), glimpses, (moment) =>
      this.#showMoment(moment),
    );
    this.sceneView = new SceneView($("#scene"), this.retina, {
      corner: () => this.scene.corner,
      size: () => this.scene.digit.side,
      holds: (pixel) => this.scene.holds(pixel),
      moveTo: (corner) => {
        this.scene.moveTo(corner);
        this.change();
      },
    });
    this.glimpseView = new GlimpseView(
      $("#scales"),
      $("#table"),
      this.retina,
      this.facts,
      (glimpse) => this.player.go(glimpse),
    );
  }

  #makeControls() {
    this.pad = new Pad($("#pad"), (strokes) => this.draw(strokes));
    showExamples($("#examples"), this.scenes, (index) => this.choose(index));
    $("#add").addEventListener("click", () => this.addClutter());
    $("#remove").addEventListener("click", () => {
      this.scene.removeClutter();
      this.change();
    });
    $("#clear").addEventListener("click", () => {
      this.pad.clear();
      this.#replace(new Square(this.about.digit_side));
    });
  }
}

/** The index and value of the largest. */
function top(values) {
  const best = Math.max(...values);
  return [values.indexOf(best), best];
}

/** The page at work: a scene, the answer to it, and what changes them. */

import { showExamples } from "./examples.js";
import { GlimpseView } from "./glimpse_view.js";
import { percent } from "./pictures.js";
import { Player } from "./player.js";
import { Retina } from "./retina.js";
import { SceneView } from "./scene_view.js";

const QUIET_MS = 400; // Changes end for this long before the answer is said.
const $ = (selector) => document.querySelector(selector);

export class Page {
  #busy = false;
  #stale = false;
  #saying = 0;

  /**
   * @param {Model} model What looks.
   * @param {object} facts Its sidecar.
   * @param {Digits | Signs} kind What it looks for.
   */
  constructor(model, facts, kind) {
    this.model = model;
    this.facts = facts;
    this.kind = kind;
    this.retina = new Retina(facts);
    this.#makeViews();
    kind.makeControls(this);
    showExamples($("#examples"), kind, (index) => this.choose(index));
  }

  /** Takes a built-in scene. */
  async choose(index) {
    this.kind.chosen(index);
    this.scene = this.kind.sceneOf(index);
    this.label = this.kind.scenes[index].label;
    await this.refresh();
    this.player.present();
  }

  /** The scene shows something of the user's own: nobody knows what. */
  forget() {
    this.label = null;
    const chosen = $("#examples :checked");
    if (chosen) chosen.checked = false;
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
    const verdict = () =>
      right ? "✓ right" : `✗ it is ${this.kind.nameOf(this.label)}`;
    $("#verdict").textContent = this.label === null ? "" : verdict();
    $("#verdict").className = right ? "right" : "wrong";
  }

  /** For those who hear the page. */
  #say() {
    const [best, probability] = top(this.answer.probabilities.at(-1));
    $("#said").textContent =
      `The model ${this.kind.verb} ${this.facts.labels[best]}, ` +
      `${percent(probability)} sure after ${this.facts.glimpses} glimpses.`;
  }

  #makeViews() {
    const { glimpses } = this.facts;
    this.player = new Player($("#player"), glimpses, (moment) =>
      this.#showMoment(moment),
    );
    this.sceneView = new SceneView($("#scene"), this.retina, {
      corner: () => this.scene.corner,
      size: () => this.scene.size,
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
}

/** The index and value of the largest. */
function top(values) {
  const best = Math.max(...values);
  return [values.indexOf(best), best];
}

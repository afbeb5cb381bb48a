/** Digits among clutter: the scenes, and what one can do with them. */

import { Scene, scattered, Square } from "./composition.js";
import { bytes, LARGEST_PICTURE } from "./examples.js";
import { Pad } from "./pad.js";
import { render } from "./strokes.js";

const $ = (selector) => document.querySelector(selector);

export class Digits {
  #about;
  #pad;

  /** Of the page's body, and what the model does to a digit. */
  static style = "digits";
  verb = "reads";

  /**
   * @param {object} about What `scenes.json` says.
   * @param {number} side Of the images.
   */
  constructor(about, side) {
    this.#about = about;
    this.scenes = about.scenes.map((scene) => ({
      label: scene.label,
      digit: new Square(about.digit_side, bytes(scene.digit)),
      corner: scene.corner,
      clutter: readClutter(scene, side),
    }));
  }

  /** Reads what the page was built with. */
  static async read(about, facts) {
    const [, side] = facts.signatures.classify.inputs.image.shape;
    return new Digits(about, side);
  }

  /** What a label is called in a sentence. */
  nameOf(label) {
    return `a ${label}`;
  }

  /** A scene of its own, that can be changed. */
  sceneOf(index) {
    const { digit, corner, clutter } = this.scenes[index];
    return new Scene(digit, corner, clutter.copy());
  }

  /** A square that shows which scene it is: of a large one, the digit. */
  pictureOf(index) {
    const { digit, clutter } = this.scenes[index];
    if (clutter.side > LARGEST_PICTURE) return digit;
    return new Square(clutter.side, this.sceneOf(index).image());
  }

  /** After a scene was taken. */
  chosen() {
    this.#pad.clear();
  }

  /** Lets one draw, and change the clutter, on a page. */
  makeControls(page) {
    const { digit_side: side, digit_box: box } = this.#about;
    this.#pad = new Pad($("#pad"), (strokes) =>
      replace(page, render(strokes, side, box)),
    );
    $("#clear").addEventListener("click", () => {
      this.#pad.clear();
      replace(page, new Square(side));
    });
    $("#add").addEventListener("click", () => {
      this.#addClutter(page.scene);
      page.change();
    });
    $("#remove").addEventListener("click", () => {
      page.scene.removeClutter();
      page.change();
    });
  }

  #addClutter(scene) {
    const { clutter_size: size, patches_at_once: count } = this.#about;
    for (let patch = 0; patch < count; patch++) {
      const pick = Math.floor(Math.random() * this.scenes.length);
      scene.addClutter(this.scenes[pick].digit, size);
    }
  }
}

/** Puts a digit of the user's own where the last one was. */
function replace(page, digit) {
  page.scene.digit = digit;
  page.forget();
  page.change();
}

/** Of small images it is whole; of large ones, patches with their corners. */
function readClutter({ clutter, patches, patch_corners: corners }, side) {
  return clutter === undefined
    ? scattered(side, bytes(patches), corners)
    : new Square(side, bytes(clutter));
}

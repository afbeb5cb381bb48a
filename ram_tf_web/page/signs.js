/** Signs in photographs: the scenes, and whose the photographs are. */

import { Square } from "./composition.js";
import { around, bytes } from "./examples.js";
import { HiddenSign } from "./hidden_sign.js";
import { fetchBuilt } from "./model.js";

export class Signs {
  #labels;
  #place;
  #photographs;

  /** Of the page's body, and what the model does to a sign. */
  static style = "signs";
  verb = "sees";

  /**
   * @param {object} about What `scenes.json` says.
   * @param {object} facts The sidecar of the model.
   * @param {string} place Where files are.
   * @param {Square[]} backgrounds Of each scene, all but the sign.
   */
  constructor(about, facts, place, backgrounds) {
    this.#labels = facts.labels;
    this.#place = place;
    this.#photographs = about.photographs;
    this.scenes = about.scenes.map((scene, index) => {
      const pixels = bytes(scene.sign);
      const sign = new Square(Math.sqrt(pixels.length / 3), pixels);
      return { ...scene, sign, background: backgrounds[index] };
    });
  }

  /** Reads what the page was built with, pictures as well. */
  static async read(about, facts, place) {
    const backgrounds = await Promise.all(
      about.scenes.map(({ background }) => readPicture(place + background)),
    );
    return new Signs(about, facts, place, backgrounds);
  }

  /** What a label is called in a sentence. */
  nameOf(label) {
    return `“${this.#labels[label]}”`;
  }

  sceneOf(index) {
    const { sign, size, corner, background } = this.scenes[index];
    return new HiddenSign(sign, size, corner, background);
  }

  /** A square that shows which scene it is: the sign where it is. */
  pictureOf(index) {
    const scene = this.sceneOf(index);
    return around(scene, new Square(scene.side, scene.image()));
  }

  /** Says whose the photographs of a scene are. */
  chosen(index) {
    const { photograph, others } = this.scenes[index];
    document
      .querySelector("#photograph")
      .replaceChildren(...this.#credit(photograph));
    document
      .querySelector("#others")
      .replaceChildren(
        ...others.flatMap((other, i) => [
          ...(i ? [" · "] : []),
          ...this.#credit(other),
        ]),
      );
  }

  /** There is nothing to change beside the place of the sign. */
  makeControls() {}

  #credit(number) {
    const { name, holders, licence, text } = this.#photographs[number];
    const said = holders ? `${name} © ${holders}` : name;
    if (!text) return [said];
    const link = document.createElement("a");
    link.href = this.#place + text;
    link.textContent = licence || "licence";
    return [`${said}, `, link];
  }
}

/**
 * The bytes of a PNG file, three a pixel: as they are, whatever the profile of
 * the screen.
 */
async function readPicture(name) {
  const file = await (await fetchBuilt(name)).blob();
  const picture = await createImageBitmap(file, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width: side } = picture;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, side, side);
  return new Square(side, Uint8Array.from(data.filter((_, i) => i % 4 < 3)));
}

/** The scenes that the page was built with, as pictures to choose from. */

import { within } from "./composition.js";
import { paint } from "./pictures.js";

// An image up to this side is its own picture.
export const LARGEST_PICTURE = 128;

/**
 * Fills a list with a radio button a scene.
 *
 * @param {HTMLElement} list
 * @param {Digits | Signs} kind What is shown.
 * @param {(index: number) => void} onChoose
 */
export function showExamples(list, kind, onChoose) {
  const template = document.querySelector("#example");
  for (const [index, { label }] of kind.scenes.entries()) {
    const item = template.content.cloneNode(true);
    const input = item.querySelector("input");
    input.ariaLabel = `Example ${index + 1}, ${kind.nameOf(label)}`;
    // A click, not a change: the chosen one can be chosen anew.
    input.addEventListener("click", () => onChoose(index));
    const { side, pixels } = kind.pictureOf(index);
    paint(item.querySelector("canvas"), pixels, side);
    list.append(item);
  }
}

/** What a large image has around the thing that can be moved. */
export function around(scene, image) {
  const away = (scene.size - LARGEST_PICTURE) / 2;
  const corner = scene.corner.map((c) => c + away);
  const last = image.side - LARGEST_PICTURE;
  return image.cut(LARGEST_PICTURE, within(corner, last));
}

/** The bytes of text in base64. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The scenes that the page was built with, as pictures to choose from. */

import { Scene, Square } from "./composition.js";
import { paintGrey } from "./pictures.js";

/** @param {object} about What `scenes.json` says. */
export function readScenes(about, side) {
  return about.scenes.map((scene) => ({
    label: scene.label,
    digit: new Square(about.digit_side, bytes(scene.digit)),
    corner: scene.corner,
    clutter: new Square(side, bytes(scene.clutter)),
  }));
}

/** A scene of its own, that can be changed. */
export function copyOf({ digit, corner, clutter }) {
  const own = new Square(clutter.side, clutter.pixels.slice());
  return new Scene(digit, corner, own);
}

/**
 * Fills a list with a radio button a scene.
 *
 * @param {HTMLElement} list
 * @param {object[]} scenes
 * @param {(index: number) => void} onChoose
 */
export function showExamples(list, scenes, onChoose) {
  const template = document.querySelector("#example");
  for (const [index, scene] of scenes.entries()) {
    const item = template.content.cloneNode(true);
    const input = item.querySelector("input");
    input.ariaLabel = `Example ${index + 1}, a ${scene.label}`;
    // A click, not a change: the chosen one can be chosen anew.
    input.addEventListener("click", () => onChoose(index));
    const canvas = item.querySelector("canvas");
    paintGrey(canvas, copyOf(scene).image(), scene.clutter.side);
    list.append(item);
  }
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The scenes that the page was built with, as pictures to choose from. */

import { Scene, scattered, Square } from "./composition.js";
import { paintGrey } from "./pictures.js";

// An image up to this side is its own picture; of a larger one, the digit is.
const LARGEST_PICTURE = 128;

/** @param {object} about What `scenes.json` says. */
export function readScenes(about, side) {
  return about.scenes.map((scene) => ({
    label: scene.label,
    digit: new Square(about.digit_side, bytes(scene.digit)),
    corner: scene.corner,
    clutter: readClutter(scene, side),
  }));
}

/** Of small images it is whole; of large ones, patches with their corners. */
function readClutter({ clutter, patches, patch_corners: corners }, side) {
  return clutter === undefined
    ? scattered(side, bytes(patches), corners)
    : new Square(side, bytes(clutter));
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
    const { side, pixels } = pictureOf(scene);
    paintGrey(item.querySelector("canvas"), pixels, side);
    list.append(item);
  }
}

/** A square that shows which scene it is. */
function pictureOf(scene) {
  const { side } = scene.clutter;
  if (side > LARGEST_PICTURE) return scene.digit;
  return new Square(side, copyOf(scene).image());
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

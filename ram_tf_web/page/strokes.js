/**
 * A drawn digit as MNIST would show it: scaled to its box, its centre of mass
 * in the middle of the image, with strokes of its width and softness.
 */

import { Square } from "./composition.js";

// Pixels, read off MNIST's digits: strokes are solid in the middle, and fade
// out over the edge.
const STROKE = 2.6;
const EDGE = 1.4;
// A drawing smaller than this part of the pad is not blown up: a dot stays one.
const SMALLEST = 0.2;

/**
 * @param {number[][][]} strokes Each a list of (y, x), 0 to 1 over the pad.
 * @param {number} side Of the image, in pixels.
 * @param {number} box Pixels that the digit may take up.
 * @returns {Square}
 */
export function render(strokes, side, box) {
  const points = fit(strokes, box - STROKE, side / 2);
  const centre = massCentre(paint(points, side), side);
  const shifted = move(points, [side / 2 - centre[0], side / 2 - centre[1]]);
  return new Square(side, paint(shifted, side));
}

/** Scales strokes to an extent, around a middle. */
function fit(strokes, extent, middle) {
  const ranges = [0, 1].map((axis) => {
    const values = strokes.flat().map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const largest = Math.max(SMALLEST, ...ranges.map(([a, b]) => b - a));
  return strokes.map((stroke) =>
    stroke.map((point) =>
      point.map((value, axis) => {
        const [low, high] = ranges[axis];
        return middle + ((value - (low + high) / 2) * extent) / largest;
      }),
    ),
  );
}

function move(strokes, by) {
  return strokes.map((stroke) =>
    stroke.map((point) => point.map((value, axis) => value + by[axis])),
  );
}

function paint(strokes, side) {
  const lines = strokes.flatMap((stroke) =>
    stroke.map((point, i) => [stroke[Math.max(0, i - 1)], point]),
  );
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const pixel = [Math.floor(i / side) + 0.5, (i % side) + 0.5];
    const away = Math.min(...lines.map((line) => distance(pixel, line)));
    const ink = 0.5 + (STROKE / 2 - away) / EDGE;
    return Math.round(255 * Math.min(1, Math.max(0, ink)));
  });
}

/** From a point to a line from a to b. */
function distance(point, [a, b]) {
  const along = [b[0] - a[0], b[1] - a[1]];
  const from = [point[0] - a[0], point[1] - a[1]];
  const length = along[0] ** 2 + along[1] ** 2;
  const dot = from[0] * along[0] + from[1] * along[1];
  const part = length ? Math.min(1, Math.max(0, dot / length)) : 0;
  return Math.hypot(from[0] - part * along[0], from[1] - part * along[1]);
}

function massCentre(pixels, side) {
  let [total, y, x] = [0, 0, 0];
  for (const [i, value] of pixels.entries()) {
    total += value;
    y += value * (Math.floor(i / side) + 0.5);
    x += value * ((i % side) + 0.5);
  }
  return [y / total, x / total];
}

/**
 * A sign in a photograph, that can be moved.
 *
 * The rules are those of `ram_tf_data/hidden_signs.py`, in whole numbers, so
 * that the same bytes come out: the sign is scaled between its pixels, it fades
 * towards its edges, and is as bright as what it covers.
 */

import { Movable } from "./composition.js";

// A pixel, a weight and a gain of 1 are counted as these.
const [ONE, WHOLE, UNIT] = [1024, 256, 256];
// Sums of three colours that a sign's mean is matched to, and the gains.
const [DARKEST, BRIGHTEST] = [3 * 40, 3 * 200];
const [LEAST_GAIN, MOST_GAIN] = [UNIT / 4, UNIT * 8];

export class HiddenSign extends Movable {
  #background;
  #scaled;
  #weights;

  /**
   * @param {Square} sign In colour.
   * @param {number} size Of its side in the photograph, in pixels.
   * @param {number[]} corner Row and column where it starts.
   * @param {Square} background The photograph without it, in colour.
   */
  constructor(sign, size, corner, background) {
    super(background.side, size, corner);
    this.#background = background;
    this.#scaled = scaled(sign, size);
    this.#weights = weights(size);
  }

  /** @returns {Uint8Array} Three bytes a pixel. */
  image() {
    const pixels = this.#background.pixels.slice();
    const gain = this.#gain(pixels);
    for (const [i, weight] of this.#weights.entries()) {
      const place = this.#place(i);
      for (let colour = 0; colour < 3; colour++) {
        const own = this.#scaled[3 * i + colour];
        const bright = Math.min(255, Math.floor((own * gain) / UNIT));
        const below = pixels[place + colour];
        const mixed = below * (WHOLE - weight) + bright * weight;
        pixels[place + colour] = Math.floor((mixed + WHOLE / 2) / WHOLE);
      }
    }
    return pixels;
  }

  /** What a sign's bytes are multiplied with, in 1/UNIT. */
  #gain(pixels) {
    let [whole, there, own] = [0, 0, 0];
    for (const [i, weight] of this.#weights.entries()) {
      whole += weight;
      there += weight * sumOfColours(pixels, this.#place(i));
      own += weight * sumOfColours(this.#scaled, 3 * i);
    }
    const wanted = clamped(Math.floor(there / whole), DARKEST, BRIGHTEST);
    const mean = Math.max(1, Math.floor(own / whole));
    const gain = Math.floor((wanted * UNIT) / mean);
    return clamped(gain, LEAST_GAIN, MOST_GAIN);
  }

  /** Where pixel i of the sign lies among the photograph's bytes. */
  #place(i) {
    const row = this.corner[0] + Math.floor(i / this.size);
    const column = this.corner[1] + (i % this.size);
    return 3 * (row * this.side + column);
  }
}

/** A sign's bytes at a size, interpolated. */
function scaled({ side, pixels }, size) {
  const axis = Array.from({ length: size }, (_, i) => between(i, size, side));
  const values = axis.flatMap((row) =>
    axis.flatMap((column) =>
      [0, 1, 2].map((colour) => {
        let total = 0;
        for (const [y, yWeight] of row) {
          for (const [x, xWeight] of column) {
            const pixel = pixels[3 * (y * side + x) + colour];
            total += pixel * yWeight * xWeight;
          }
        }
        return Math.floor((total + ONE ** 2 / 2) / ONE ** 2);
      }),
    ),
  );
  return Uint8Array.from(values);
}

/** The two pixels of a sign that a pixel lies between, with their shares. */
function between(pixel, size, side) {
  const middle = 2 * pixel + 1;
  const place = Math.floor((middle * (side * ONE)) / 2 / size) - ONE / 2;
  const first = Math.floor(place / ONE);
  const share = place - first * ONE;
  return [
    [clamped(first, 0, side - 1), ONE - share],
    [clamped(first + 1, 0, side - 1), share],
  ];
}

/** How much of each pixel of a sign shows: an ellipse without a rim. */
function weights(size) {
  return Array.from({ length: size * size }, (_, i) => {
    const y = 2 * Math.floor(i / size) + 1 - size;
    const x = 2 * (i % size) + 1 - size;
    const inner = Math.floor(
      ((size ** 2 - y ** 2 - x ** 2) * WHOLE) / size ** 2,
    );
    return clamped(Math.floor((inner * 9) / 4), 0, WHOLE);
  });
}

function sumOfColours(values, place) {
  return values[place] + values[place + 1] + values[place + 2];
}

function clamped(value, least, most) {
  return Math.min(most, Math.max(least, value));
}

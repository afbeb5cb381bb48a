/**
 * Where the model looks and what it sees there.
 *
 * All sizes are the sidecar's. The arithmetic is that of `ram_tf/geometry.py`,
 * float32 in the same order, so that the same pixels are cut; windows that snap
 * to blocks are those of `ram_tf/layers/pyramid.py`.
 */

const POOLINGS = {
  average: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  max: (values) => Math.max(...values),
};

// Of a sensor that reads blocks there are many windows: the wide ones show the
// whole image, and would dwarf these.
const SHOWN_OF_PYRAMID = 3;

export class Retina {
  #pool;
  #snaps;

  /** @param {object} facts The sidecar of the model. */
  constructor(facts) {
    const { shape } = facts.signatures.classify.inputs.image;
    [, this.side, , this.channels] = shape;
    this.size = facts.glimpse_size;
    this.windows = facts.windows;
    this.#snaps = facts.sensor === "pyramid";
    this.shown = this.#snaps
      ? this.windows.slice(0, SHOWN_OF_PYRAMID)
      : this.windows;
    this.unit = facts.location_unit_in_pixels;
    this.#pool = POOLINGS[facts.pooling];
  }

  /** The centre of a fixation in pixels from the top left corner. */
  centre(location) {
    return location.map((l) => l * this.unit + this.side / 2);
  }

  /** First pixel, [row, column], of a window on a location. */
  start(location, window) {
    const block = window / this.size;
    return location.map((l) => {
      const position = this.#position(l);
      if (this.#snaps && block > 1) {
        const nearest = Math.floor(Math.fround(position / block + 0.5));
        return (nearest - Math.floor(this.size / 2)) * block;
      }
      return Math.trunc(Math.fround(position - window / 2));
    });
  }

  /** Along an axis, in pixels. */
  #position(l) {
    const offset = Math.fround(l * Math.fround((2 * this.unit) / this.side));
    const half = Math.fround(offset * this.side) / 2;
    return Math.fround(half + this.side / 2);
  }

  /**
   * What is seen at a location.
   *
   * @param {Uint8Array} image
   * @param {number[]} location (y, x) in units.
   * @returns {Float64Array[]} Each window that is shown, pooled to size * size
   *     pixels, finest first: a value from 0 to 255 for each channel.
   */
  see(image, location) {
    return this.shown.map((window) =>
      this.#read(image, this.start(location, window), window / this.size),
    );
  }

  /** Pools blocks of block * block pixels; outside of the image is 0. */
  #read(image, [top, left], block) {
    const { channels } = this;
    const value = (y, x, channel) =>
      y >= 0 && x >= 0 && y < this.side && x < this.side
        ? image[(y * this.side + x) * channels + channel]
        : 0;
    return Float64Array.from({ length: this.size ** 2 * channels }, (_, i) => {
      const [cell, channel] = [Math.floor(i / channels), i % channels];
      const y = top + Math.floor(cell / this.size) * block;
      const x = left + (cell % this.size) * block;
      const values = Array.from({ length: block * block }, (_, j) =>
        value(y + Math.floor(j / block), x + (j % block), channel),
      );
      return this.#pool(values);
    });
  }

  /**
   * Lays what is seen over each other at its true scale.
   *
   * @param {Float64Array[]} views What `see` gives at a location.
   * @param {number[]} location
   * @returns {Float64Array} W * W pixels, W of the widest window shown.
   */
  foveate(views, location) {
    const width = this.shown.at(-1);
    const firsts = this.shown.map((window) => this.#first(location, window));
    const { channels } = this;
    return Float64Array.from({ length: width * width * channels }, (_, i) => {
      const [cell, channel] = [Math.floor(i / channels), i % channels];
      const pixel = [Math.floor(cell / width), cell % width];
      return this.#finest(views, firsts, pixel, channel);
    });
  }

  /** Where a window begins in the widest that is shown. */
  #first(location, window) {
    const width = this.shown.at(-1);
    if (!this.#snaps) return [0, 1].map(() => Math.floor((width - window) / 2));
    const widest = this.start(location, width);
    return this.start(location, window).map((c, axis) => c - widest[axis]);
  }

  #finest(views, firsts, pixel, channel) {
    for (const [scale, window] of this.shown.entries()) {
      const inner = pixel.map((c, axis) => c - firsts[scale][axis]);
      if (!inner.every((c) => c >= 0 && c < window)) continue;
      const block = window / this.size;
      const [row, column] = inner.map((c) => Math.floor(c / block));
      const cell = row * this.size + column;
      return views[scale][cell * this.channels + channel];
    }
    return 0;
  }
}

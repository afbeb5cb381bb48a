/**
 * Where the model looks and what it sees there.
 *
 * All sizes are the sidecar's. The arithmetic is that of `ram_tf/geometry.py`,
 * float32 in the same order, so that the same pixels are cut.
 */

const POOLINGS = {
  average: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  max: (values) => Math.max(...values),
};

export class Retina {
  #pool;

  /** @param {object} facts The sidecar of the model. */
  constructor(facts) {
    [, this.side] = facts.signatures.classify.inputs.image.shape;
    this.size = facts.glimpse_size;
    this.windows = facts.windows;
    this.unit = facts.location_unit_in_pixels;
    this.#pool = POOLINGS[facts.pooling];
  }

  /** The centre of a fixation in pixels from the top left corner. */
  centre(location) {
    return location.map((l) => l * this.unit + this.side / 2);
  }

  /** First pixel, [row, column], of a window on a location. */
  start(location, window) {
    return location.map((l) => {
      const offset = Math.fround(l * Math.fround((2 * this.unit) / this.side));
      const half = Math.fround(offset * this.side) / 2;
      const position = Math.fround(half + this.side / 2);
      return Math.trunc(Math.fround(position - window / 2));
    });
  }

  /**
   * What is seen at a location.
   *
   * @param {Uint8Array} image
   * @param {number[]} location (y, x) in units.
   * @returns {Float64Array[]} Each window pooled to size * size values from 0
   *     to 255, finest first.
   */
  see(image, location) {
    return this.windows.map((window) =>
      this.#read(image, this.start(location, window), window / this.size),
    );
  }

  /** Pools blocks of block * block pixels; outside of the image is 0. */
  #read(image, [top, left], block) {
    const pixel = (y, x) =>
      y >= 0 && x >= 0 && y < this.side && x < this.side
        ? image[y * this.side + x]
        : 0;
    return Float64Array.from({ length: this.size ** 2 }, (_, i) => {
      const y = top + Math.floor(i / this.size) * block;
      const x = left + (i % this.size) * block;
      const values = Array.from({ length: block * block }, (_, j) =>
        pixel(y + Math.floor(j / block), x + (j % block)),
      );
      return this.#pool(values);
    });
  }

  /** Lays what is seen over each other at its true scale, W * W values. */
  foveate(views) {
    const width = this.windows.at(-1);
    return Float64Array.from({ length: width * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return this.#finest(views, y, x, width);
    });
  }

  #finest(views, y, x, width) {
    for (const [scale, window] of this.windows.entries()) {
      const first = Math.floor((width - window) / 2);
      const inside = [y, x].every((c) => c >= first && c < first + window);
      if (!inside) continue;
      const block = window / this.size;
      const [row, column] = [y, x].map((c) => Math.floor((c - first) / block));
      return views[scale][row * this.size + column];
    }
    return 0;
  }
}

/**
 * What the model looks at: a digit that can be moved, and clutter.
 *
 * The rules are those of `ram_tf_data/canvas.py`: values are added and clamped,
 * and everything lies fully inside the canvas.
 */

/** A square image of bytes, row by row, pixel by pixel. */
export class Square {
  /**
   * @param {number} side
   * @param {Uint8Array} pixels One byte a pixel, or three of its colours.
   */
  constructor(side, pixels = new Uint8Array(side * side)) {
    this.side = side;
    this.pixels = pixels;
  }

  /** Bytes of a pixel. */
  get channels() {
    return this.pixels.length / this.side ** 2;
  }

  /** Adds another, grey as this one, with its first pixel at [row, column]. */
  add(other, [row, column]) {
    for (let i = 0; i < other.pixels.length; i++) {
      const y = row + Math.floor(i / other.side);
      const x = column + (i % other.side);
      const place = y * this.side + x;
      this.pixels[place] = Math.min(255, this.pixels[place] + other.pixels[i]);
    }
  }

  /** Cuts a smaller one out. */
  cut(side, [row, column]) {
    const { channels } = this;
    const part = new Square(side, new Uint8Array(side * side * channels));
    for (let y = 0; y < side; y++) {
      const start = ((row + y) * this.side + column) * channels;
      const line = this.pixels.subarray(start, start + side * channels);
      part.pixels.set(line, y * side * channels);
    }
    return part;
  }

  /** One of its own, that can be changed. */
  copy() {
    return new Square(this.side, this.pixels.slice());
  }
}

/**
 * Clutter of patches.
 *
 * @param {number} side Of the canvas.
 * @param {Uint8Array} pixels Of all patches, one after the other.
 * @param {number[][]} corners Row and column where each is added.
 * @returns {Square}
 */
export function scattered(side, pixels, corners) {
  const whole = new Square(side);
  const area = pixels.length / corners.length;
  for (const [i, corner] of corners.entries()) {
    const patch = pixels.subarray(i * area, (i + 1) * area);
    whole.add(new Square(Math.sqrt(area), patch), corner);
  }
  return whole;
}

/** A square with something in it that can be moved: what all scenes are. */
export class Movable {
  /**
   * @param {number} side Of the whole, in pixels.
   * @param {number} size Of the side of what can be moved.
   * @param {number[]} corner Row and column where that starts.
   */
  constructor(side, size, corner) {
    this.side = side;
    this.size = size;
    this.moveTo(corner);
  }

  /** Moves it, as far as there is room. */
  moveTo(corner) {
    this.corner = within(corner, this.side - this.size);
  }

  /** Whether a pixel lies on it. */
  holds([y, x]) {
    const inside = [y, x].map((c, axis) => c - this.corner[axis]);
    return inside.every((c) => c >= 0 && c < this.size);
  }
}

/** A digit among clutter. */
export class Scene extends Movable {
  /**
   * @param {Square} digit
   * @param {number[]} corner Row and column where the digit's image starts.
   * @param {Square} clutter As large as the canvas.
   */
  constructor(digit, corner, clutter) {
    super(clutter.side, digit.side, corner);
    this.digit = digit;
    this.clutter = clutter;
  }

  /** Adds a patch of an image at a random place. */
  addClutter(image, size) {
    const patch = image.cut(size, randomCorner(image.side - size));
    this.clutter.add(patch, randomCorner(this.side - size));
  }

  removeClutter() {
    this.clutter = new Square(this.side);
  }

  /** @returns {Uint8Array} The sum, clamped. */
  image() {
    const whole = this.clutter.copy();
    whole.add(this.digit, this.corner);
    return whole.pixels;
  }
}

/** The pixel next to a place, from 0 to a last one along both axes. */
export function within(place, last) {
  return place.map((c) => Math.min(last, Math.max(0, Math.round(c))));
}

function randomCorner(last) {
  return [0, 1].map(() => Math.floor(Math.random() * (last + 1)));
}

/**
 * What the model looks at: a digit that can be moved, and clutter.
 *
 * The rules are those of `data/canvas.py`: values are added and clamped, and
 * everything lies fully inside the canvas.
 */

/** A square image of bytes, row by row. */
export class Square {
  constructor(side, pixels = new Uint8Array(side * side)) {
    this.side = side;
    this.pixels = pixels;
  }

  /** Adds another, with its first pixel at [row, column]. */
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
    const part = new Square(side);
    for (let i = 0; i < part.pixels.length; i++) {
      const y = row + Math.floor(i / side);
      part.pixels[i] = this.pixels[y * this.side + column + (i % side)];
    }
    return part;
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

export class Scene {
  /**
   * @param {Square} digit
   * @param {number[]} corner Row and column where the digit's image starts.
   * @param {Square} clutter As large as the canvas.
   */
  constructor(digit, corner, clutter) {
    this.digit = digit;
    this.clutter = clutter;
    this.moveTo(corner);
  }

  get side() {
    return this.clutter.side;
  }

  /** Moves the digit, as far as there is room. */
  moveTo(corner) {
    const last = this.side - this.digit.side;
    this.corner = corner.map((c) => Math.min(last, Math.max(0, Math.round(c))));
  }

  /** Whether a pixel lies on the digit's image. */
  holds([y, x]) {
    const inside = [y, x].map((c, axis) => c - this.corner[axis]);
    return inside.every((c) => c >= 0 && c < this.digit.side);
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
    const whole = new Square(this.side, this.clutter.pixels.slice());
    whole.add(this.digit, this.corner);
    return whole.pixels;
  }
}

function randomCorner(last) {
  return [0, 1].map(() => Math.floor(Math.random() * (last + 1)));
}

/** What several views draw with. */

const [FIRST_HUE, LAST_HUE] = [210, 20];

/**
 * Paints values from 0 to 255.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values Of side * side pixels, row by row: one for
 *     each, grey, or three for its colours.
 * @param {number} side
 */
export function paint(canvas, values, side) {
  canvas.width = canvas.height = side;
  const picture = new ImageData(side, side);
  const channels = values.length / side ** 2;
  const grey = channels === 1;
  for (let pixel = 0; pixel < side * side; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const value = values[pixel * channels + (grey ? 0 : colour)];
      picture.data[4 * pixel + colour] = value;
    }
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/**
 * Scales a grey picture down by maxima, so that what is thin and light stays.
 *
 * @param {Uint8Array} values side * side.
 * @param {number} side
 * @param {number} block Pixels along a side of what becomes one.
 * @returns {Uint8Array} n * n of them, n = side / block, rounded up; without
 *     scaling they are as given, in colour, too.
 */
export function maxima(values, side, block) {
  if (block === 1) return values;
  const small = Math.ceil(side / block);
  const most = new Uint8Array(small * small);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(y / block) * small;
    for (let x = 0; x < side; x++) {
      const place = row + Math.floor(x / block);
      most[place] = Math.max(most[place], values[y * side + x]);
    }
  }
  return most;
}

/** The colour of a glimpse: from blue to orange, as in the README. */
export function colour(glimpse, glimpses) {
  const part = glimpses > 1 ? glimpse / (glimpses - 1) : 0;
  const hue = FIRST_HUE + (LAST_HUE - FIRST_HUE) * part;
  return `hsl(${Math.round(hue)} 90% 58%)`;
}

/** A new SVG element with attributes. */
export function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return element;
}

export function percent(probability) {
  return `${Math.round(100 * probability)}%`;
}

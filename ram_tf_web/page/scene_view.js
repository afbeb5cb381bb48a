/** The image, the path of the eye on it, and what the pointer moves there. */

import { colour, maxima, paint, svg } from "./pictures.js";

const ARROWS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};
const LEAP = 5; // Steps with Shift.
const STEPS = 128; // Of a key, across an image that is larger.
const MOST_SHOWN = 512; // Pixels along a side of the picture.
// On an image this much wider than the finest window, a disc as on small ones
// would hide what is looked at: dots are smaller, the number stands beside it.
const LARGE = 20;

export class SceneView {
  #root;
  #canvas;
  #overlay;
  #retina;
  #actions;

  /**
   * @param {HTMLElement} root
   * @param {Retina} retina The model's.
   * @param {object} actions `corner()` and `size()` of what can be moved,
   *     `holds(pixel)`: whether it is there, `moveTo(corner)`.
   */
  constructor(root, retina, actions) {
    this.#root = root;
    this.#retina = retina;
    this.#actions = actions;
    this.#canvas = root.querySelector("canvas");
    this.#overlay = root.querySelector("svg");
    this.#overlay.setAttribute("viewBox", `0 0 ${retina.side} ${retina.side}`);
    root.addEventListener("keydown", (event) => this.#onKey(event, actions));
    root.addEventListener("pointerdown", (event) =>
      this.#onDown(event, actions),
    );
    root.addEventListener("pointermove", (event) => {
      root.classList.toggle("grab", actions.holds(this.#pixel(event)));
    });
  }

  showImage(image) {
    const { side } = this.#retina;
    const block = Math.ceil(side / MOST_SHOWN);
    const small = maxima(image, side, block);
    paint(this.#canvas, small, Math.ceil(side / block));
  }

  /**
   * Draws the path up to a moment.
   *
   * @param {number[][]} locations Of all glimpses.
   * @param {number} moment From 0 to T - 1; between two whole numbers the eye
   *     is on its way.
   */
  showPath(locations, moment) {
    const last = Math.floor(moment);
    const next = locations[Math.min(last + 1, locations.length - 1)];
    const eye = locations[last].map(
      (from, axis) => from + (next[axis] - from) * (moment - last),
    );
    const path = locations.slice(0, last + 1);
    const colours = locations.map((_, t) => colour(t, locations.length));
    const shown = Math.round(moment);
    this.#overlay.replaceChildren(
      ...(this.#isLarge ? [this.#frame()] : []),
      ...this.#windows(eye, colours[shown]),
      ...this.#lines([...path, eye], colours),
      ...path.map((location, t) => this.#dot(location, colours[t])),
      ...this.#badge(eye, colours[shown], shown + 1),
    );
  }

  /** Tells people where the thing is, which is small; the eye sees it not. */
  #frame() {
    const [y, x] = this.#actions.corner();
    const width = this.#actions.size();
    return svg("rect", { x, y, width, height: width, class: "thing" });
  }

  #windows(eye, stroke) {
    return this.#retina.windows.map((width, scale) => {
      const [y, x] = this.#retina.start(eye, width);
      const style = `window scale-${scale}`;
      return svg("rect", { x, y, width, height: width, stroke, class: style });
    });
  }

  #lines(path, colours) {
    const points = path.map((location) => this.#retina.centre(location));
    return points.slice(1).map(([y2, x2], t) => {
      const [y1, x1] = points[t];
      return svg("line", { x1, y1, x2, y2, stroke: colours[t], class: "path" });
    });
  }

  #dot(location, fill) {
    const [cy, cx] = this.#retina.centre(location);
    const r = this.#retina.side / (this.#isLarge ? 200 : 75);
    return svg("circle", { cx, cy, r, fill, class: "fixation" });
  }

  get #isLarge() {
    return this.#retina.side > LARGE * this.#retina.size;
  }

  /** The eye itself, with the number of the glimpse. */
  #badge(location, fill, number) {
    const { side, shown } = this.#retina;
    const r = side / (this.#isLarge ? 50 : 33);
    const away = this.#isLarge ? shown.at(-1) / 2 + r : 0;
    // Towards the middle of the image, where there is room.
    const [y, x] = this.#retina
      .centre(location)
      .map((c) => (c < side / 2 ? c + away : c - away));
    const size = { "font-size": 1.4 * r, class: "number" };
    const text = svg("text", { x, y, ...size });
    text.textContent = number;
    return [svg("circle", { cx: x, cy: y, r, fill, class: "fixation" }), text];
  }

  #onKey(event, { corner, moveTo }) {
    const by = ARROWS[event.key];
    if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const one = Math.max(1, Math.round(this.#retina.side / STEPS));
    const step = event.shiftKey ? LEAP * one : one;
    moveTo(corner().map((c, axis) => c + step * by[axis]));
  }

  /** Drags the thing; a press beside it brings it there. */
  #onDown(event, { corner, moveTo, holds, size }) {
    if (event.button) return;
    const first = this.#pixel(event);
    if (!holds(first)) moveTo(first.map((c) => c - size() / 2));
    const start = corner();
    const follow = (moved) => {
      const now = this.#pixel(moved);
      moveTo(start.map((c, axis) => c + now[axis] - first[axis]));
    };
    const end = () => {
      this.#root.classList.remove("grabbing");
      this.#root.removeEventListener("pointermove", follow);
    };
    this.#root.classList.add("grabbing");
    this.#root.setPointerCapture(event.pointerId);
    this.#root.addEventListener("pointermove", follow);
    for (const kind of ["pointerup", "pointercancel"]) {
      this.#root.addEventListener(kind, end, { once: true });
    }
  }

  /** Where a pointer is, in pixels of the image, (y, x). */
  #pixel({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    const scale = this.#retina.side / box.width;
    return [(clientY - box.top) * scale, (clientX - box.left) * scale];
  }
}

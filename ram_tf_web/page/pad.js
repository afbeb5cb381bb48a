/** Where a digit is drawn by pointer. */

import { svg } from "./pictures.js";

export class Pad {
  #root;
  #strokes = [];
  #onChange;

  /**
   * @param {SVGElement} root A square; the strokes are drawn into it.
   * @param {(strokes: number[][][]) => void} onChange Called with lists of
   *     (y, x), 0 to 1 over the pad, whenever there is more.
   */
  constructor(root, onChange) {
    this.#root = root;
    this.#onChange = onChange;
    root.addEventListener("pointerdown", (event) => this.#onDown(event));
    root.addEventListener("pointermove", (event) => {
      if (root.hasPointerCapture(event.pointerId)) this.#extend(event);
    });
  }

  clear() {
    this.#strokes = [];
    this.#root.replaceChildren();
  }

  #onDown(event) {
    if (event.button) return;
    event.preventDefault();
    this.#root.setPointerCapture(event.pointerId);
    this.#strokes.push([]);
    this.#root.append(svg("polyline", {}));
    this.#extend(event);
  }

  #extend(event) {
    const box = this.#root.getBoundingClientRect();
    const events = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of events.length ? events : [event]) {
      const y = (clientY - box.top) / box.height;
      const x = (clientX - box.left) / box.width;
      this.#strokes.at(-1).push([y, x]);
    }
    // A line of one point is not drawn; of the same point twice, it is a dot.
    const stroke = this.#strokes.at(-1);
    const points = stroke.length > 1 ? stroke : [stroke[0], stroke[0]];
    const text = points.map(([y, x]) => `${x},${y}`).join(" ");
    this.#root.lastChild.setAttribute("points", text);
    this.#onChange(this.#strokes);
  }
}

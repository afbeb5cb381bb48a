/** What the retina sees, and what the model makes of it, glimpse by glimpse. */

import { colour, paint, percent } from "./pictures.js";

// Of more classes than this, the table has those that are thought of most.
const MOST_ROWS = 10;

export class GlimpseView {
  #retina;
  #labels;
  #scales;
  #rows;
  #columns = [];

  /**
   * @param {HTMLElement} scales For the windows of the glimpse at hand.
   * @param {HTMLTableElement} table For all glimpses.
   * @param {Retina} retina The model's.
   * @param {object} facts The sidecar.
   * @param {(glimpse: number) => void} onChoose
   */
  constructor(scales, table, retina, facts, onChoose) {
    this.#retina = retina;
    this.#labels = facts.labels;
    this.#scales = this.#makeScales(scales);
    this.#makeTable(table, facts.glimpses, onChoose);
  }

  /** Shows an answer to an image. */
  show(image, { locations, probabilities }) {
    const views = locations.map((l) => this.#retina.see(image, l));
    const classes = mostThoughtOf(probabilities);
    for (const [i, head] of this.#rows.entries()) {
      head.textContent = this.#labels[classes[i]];
    }
    for (const [t, { canvas, cells }] of this.#columns.entries()) {
      const whole = this.#retina.foveate(views[t], locations[t]);
      paint(canvas, whole, this.#retina.shown.at(-1));
      const best = Math.max(...probabilities[t]);
      for (const [i, cell] of cells.entries()) {
        showCell(cell, probabilities[t][classes[i]], best);
      }
    }
    this.views = views;
    this.locations = locations;
  }

  /** Shows one glimpse of that answer in detail. */
  choose(glimpse) {
    const views = this.views[glimpse];
    const whole = this.#retina.foveate(views, this.locations[glimpse]);
    const pictures = [...views, whole];
    for (const [i, canvas] of this.#scales.entries()) {
      const pixels = pictures[i].length / this.#retina.channels;
      paint(canvas, pictures[i], Math.sqrt(pixels));
    }
    for (const [t, { head, cells }] of this.#columns.entries()) {
      for (const cell of [head, ...cells]) {
        cell.classList.toggle("chosen", t === glimpse);
        cell.classList.toggle("later", t > glimpse);
      }
    }
  }

  #makeScales(root) {
    const { size, shown } = this.#retina;
    const captions = shown.map((window) => [
      `${window}×${window} px`,
      window === size ? "as it is" : `as ${size}×${size}`,
    ]);
    captions.push(["together", "the glimpse"]);
    return captions.map(([title, note]) => {
      const item = clone("#scale");
      item.querySelector("b").textContent = title;
      item.querySelector("small").textContent = note;
      root.append(item);
      return root.lastElementChild.querySelector("canvas");
    });
  }

  #makeTable(table, glimpses, onChoose) {
    const body = table.tBodies[0];
    const heads = table.tHead.rows[0];
    const rows = this.#labels.slice(0, MOST_ROWS).map(() => body.insertRow());
    this.#rows = rows.map((row) => row.appendChild(header("row")));
    for (let t = 0; t < glimpses; t++) {
      const head = header("col");
      head.append(clone("#thumbnail"));
      const button = head.querySelector("button");
      button.style.setProperty("--step", colour(t, glimpses));
      button.querySelector("span").textContent = t + 1;
      button.ariaLabel = `Glimpse ${t + 1}`;
      button.addEventListener("click", () => onChoose(t));
      heads.append(head);
      const cells = rows.map((row) => row.insertCell());
      this.#columns.push({ head, cells, canvas: head.querySelector("canvas") });
    }
  }
}

function showCell(cell, probability, best) {
  cell.style.setProperty("--probability", probability.toFixed(3));
  cell.classList.toggle("strong", probability > 0.55);
  cell.classList.toggle("best", probability === best);
  cell.textContent = percent(probability);
}

/** The classes of a table's rows: all, or the likeliest at the end first. */
function mostThoughtOf(probabilities) {
  const classes = [...probabilities[0].keys()];
  if (classes.length <= MOST_ROWS) return classes;
  const most = classes.map((k) => Math.max(...probabilities.map((p) => p[k])));
  const last = probabilities.at(-1);
  return classes
    .toSorted((a, b) => most[b] - most[a])
    .slice(0, MOST_ROWS)
    .toSorted((a, b) => last[b] - last[a]);
}

function header(scope) {
  const cell = document.createElement("th");
  cell.scope = scope;
  return cell;
}

function clone(template) {
  return document.querySelector(template).content.cloneNode(true);
}

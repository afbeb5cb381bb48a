/** The model in the page: LiteRT.js runs the .tflite file on the CPU. */

const SIGNATURE = "classify";
// The browser compiles on the way; but nobody likes to wait.
const WARM_UP_RUNS = 30;
const WARM_UP_MS = 2000;
const REMEMBERED_TIMES = 31;

/**
 * Fetches a file that the page was built with.
 *
 * @param {string} name
 * @returns {Promise<Response>}
 * @throws {Error} One that says what to do.
 */
export async function fetchBuilt(name) {
  let said;
  try {
    const response = await fetch(name);
    if (response.ok) return response;
    said = `${response.status} ${response.statusText}`.trim();
  } catch (error) {
    said = error.message;
  }
  throw new Error(`${name} could not be loaded (${said}).`);
}

/**
 * Refuses a file that is another one than its sidecar is about, or is damaged.
 *
 * @param {string} name
 * @param {Uint8Array} content
 * @param {object} facts The sidecar. Those from before there were digests have
 *     none, and pass.
 * @throws {Error} One that names the file.
 */
async function checkDigest(name, content, { bytes, sha256 }) {
  // Browsers have digests at secure addresses only, such as this machine's own.
  const known = sha256 !== undefined && globalThis.crypto.subtle;
  const sound =
    content.length === bytes &&
    (!known || (await digest(content)) === sha256);
  if (sound) return;
  throw new Error(
    `${name} is not the file that its JSON is about, or is damaged.`,
  );
}

/** The SHA-256 of bytes, in hexadecimal digits. */
async function digest(content) {
  const found = await globalThis.crypto.subtle.digest("SHA-256", content);
  return Array.from(new Uint8Array(found), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** A loaded model, for images of one size. */
export class Model {
  #litert;
  #compiled;
  #inputs;
  #outputs;
  #times = [];

  /**
   * @param {object} litert LiteRT.js.
   * @param {object} compiled Its model.
   * @param {object} facts The file's sidecar.
   */
  constructor(litert, compiled, facts) {
    this.#litert = litert;
    this.#compiled = compiled;
    ({ inputs: this.#inputs, outputs: this.#outputs } =
      facts.signatures[SIGNATURE]);
  }

  /**
   * Loads a .tflite file and warms it up: the first runs are slower.
   *
   * @param {string} name Of the file.
   * @param {object} facts Its sidecar.
   * @returns {Promise<Model>}
   * @throws {Error} If it is not there, or is not the file of its sidecar.
   */
  static async load(name, facts) {
    const file = await fetchBuilt(name);
    const content = new Uint8Array(await file.arrayBuffer());
    await checkDigest(name, content, facts);
    const litert = await import("./litert/core.js");
    await litert.loadLiteRt(new URL("litert/wasm/", import.meta.url).href);
    const compiled = await litert.loadAndCompile(content, {
      accelerator: "wasm",
    });
    const model = new Model(litert, compiled, facts);
    const count = model.#inputs.image.shape.reduce((a, b) => a * b);
    const end = performance.now() + WARM_UP_MS;
    for (let run = 0; run < WARM_UP_RUNS && performance.now() < end; run++) {
      await model.classify(new Uint8Array(count));
    }
    model.#times = [];
    return model;
  }

  /**
   * Looks at an image.
   *
   * @param {Uint8Array} image H * W * C bytes, row by row.
   * @returns {Promise<object>} `class`; `probabilities`, T arrays of K;
   *     `locations`, T pairs (y, x) in units; `milliseconds`, the median of the
   *     last runs.
   */
  async classify(image) {
    const input = new this.#litert.Tensor(image, this.#inputs.image.shape);
    const started = performance.now();
    const outputs = await this.#compiled.run(SIGNATURE, { image: input });
    const milliseconds = this.#remember(performance.now() - started);
    const answer = {
      class: outputs.class.toTypedArray()[0],
      probabilities: this.#rows(outputs, "probabilities_by_glimpse"),
      locations: this.#rows(outputs, "locations"),
      milliseconds,
    };
    for (const tensor of [input, ...Object.values(outputs)]) tensor.delete();
    return answer;
  }

  /** The rows of a tensor [1, T, N]. */
  #rows(outputs, name) {
    const [, count, size] = this.#outputs[name].shape;
    const values = Array.from(outputs[name].toTypedArray());
    return Array.from({ length: count }, (_, row) =>
      values.slice(row * size, (row + 1) * size),
    );
  }

  #remember(time) {
    this.#times = [...this.#times, time].slice(-REMEMBERED_TIMES);
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}

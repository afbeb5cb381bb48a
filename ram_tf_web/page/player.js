/** Which glimpse is shown, and the play button that runs through them. */

const GLIMPSE_MS = 700; // Of which the eye is on its way for half.

export class Player {
  #root;
  #count;
  #onMoment;
  #frame = 0;
  #reduced = matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * @param {HTMLElement} root With a slider, a button and an output.
   * @param {number} count Of glimpses.
   * @param {(moment: number) => void} onMoment Called with 0 to T - 1; between
   *     two whole numbers the eye is on its way.
   */
  constructor(root, count, onMoment) {
    this.#root = root;
    this.#count = count;
    this.#onMoment = onMoment;
    this.slider = root.querySelector("input");
    this.button = root.querySelector("button");
    this.slider.max = count;
    this.slider.addEventListener("input", () => this.go(this.slider.value - 1));
    this.button.addEventListener("click", () =>
      this.#frame ? this.stop() : this.play(),
    );
    this.go(count - 1);
  }

  get glimpse() {
    return Math.round(this.moment);
  }

  /** Shows a glimpse, and stops. */
  go(glimpse) {
    this.stop();
    this.#show(glimpse);
  }

  /** Shows the last glimpse: or all of them first, where motion is welcome. */
  present() {
    if (this.#reduced.matches) this.go(this.#count - 1);
    else this.play();
  }

  /** Runs from the first glimpse to the last. */
  play() {
    this.stop();
    const started = performance.now();
    const tick = (now) => {
      const time = Math.max(0, now - started) / GLIMPSE_MS;
      this.#show(Math.min(this.#count - 1, this.#eased(time)));
      if (time >= this.#count - 1) this.stop();
      else this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
    this.#label();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#label();
  }

  /** The eye rests, then leaps; without a leap where motion is not welcome. */
  #eased(time) {
    const whole = Math.floor(time);
    const part = Math.max(0, 2 * (time - whole) - 1);
    return this.#reduced.matches ? whole : whole + part * part * (3 - 2 * part);
  }

  #show(moment) {
    this.moment = moment;
    this.slider.value = this.glimpse + 1;
    const said = `glimpse ${this.glimpse + 1} of ${this.#count}`;
    this.slider.ariaValueText = said;
    this.#root.querySelector("output").textContent = said;
    this.#onMoment(moment);
  }

  #label() {
    const playing = this.#frame !== 0;
    this.#root.classList.toggle("playing", playing);
    this.button.ariaLabel = playing ? "Pause" : "Play";
  }
}

// A dialog that shows what the answer for a face hangs on.

import { crop } from "./faces.js";
import { CELLS } from "./occlusion.js";

/**
 * @import { Analyst } from "./analyst.js"
 * @import { Occlusion } from "./occlusion.js"
 * @import { Face } from "./recognizer.js"
 */

const COLOUR = [213, 94, 0]; // that of emotion/evaluation/maps.py, and so its opacity
const OPACITY = 0.7; // of the colour where a map is at its largest
const LEAST = 0.01; // a fall that is told; a smaller one may be chance
const THIRDS = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];

/** One dialog, for one face at a time. */
export class Explanation {
  /** @type {Face | null} */
  #face = null;

  /**
   * @param {HTMLDialogElement} dialog of index.html
   * @param {Analyst} analyst
   */
  constructor(dialog, analyst) {
    this.dialog = dialog;
    this.analyst = analyst;
    this.#part("close").addEventListener("click", () => this.close());
  }

  /**
   * Open the dialog for a face of a photo, and fill it when the model has answered.
   *
   * @param {Face} face
   */
  async open(face) {
    this.#face = face;
    this.#part("emotion").textContent = face.emotion;
    this.#part("answer").textContent = "Covering one place after the other…";
    this.#part("plain").replaceChildren(crop(face));
    this.#part("coloured").replaceChildren(crop(face));
    this.#part("coloured").ariaBusy = "true";
    this.dialog.showModal();
    try {
      const found = await this.analyst.occlusion(face);
      if (this.#face !== face) return;
      this.#part("answer").textContent = inWords(found);
      if (found.fall >= LEAST) this.#part("coloured").replaceChildren(crop(face), heat(found.map));
    } catch (error) {
      if (this.#face === face) this.#part("answer").textContent = error instanceof Error ? error.message : String(error);
    }
    if (this.#face === face) this.#part("coloured").ariaBusy = "false";
  }

  /** Close the dialog, which no longer waits for an answer. */
  close() {
    this.#face = null;
    this.dialog.close();
  }

  /**
   * Return the element of the dialog for a part.
   *
   * @param {string} name
   */
  #part(name) {
    return /** @type {HTMLElement} */ (this.dialog.querySelector(`[data-part="${name}"]`));
  }
}

/** @param {Occlusion} found */
function inWords({ fall, x, y }) {
  if (fall < LEAST) return "On no single place: none costs it a whole percentage point.";
  const points = Math.round(100 * fall);
  const place = THIRDS[Math.floor(3 * y)][Math.floor(3 * x)];
  return `Most on the ${place}: covering that costs it ${points} percentage point${points === 1 ? "" : "s"}.`;
}

/**
 * Return a map as a layer of colour for the browser to enlarge.
 *
 * @param {number[]} map
 */
function heat(map) {
  const canvas = Object.assign(document.createElement("canvas"), { className: "heat", width: CELLS, height: CELLS });
  canvas.ariaHidden = "true"; // the answer says it in words
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const image = context.createImageData(CELLS, CELLS);
  const largest = Math.max(...map);
  map.forEach((fall, i) => image.data.set([...COLOUR, (255 * OPACITY * Math.max(fall, 0)) / largest], i * 4));
  context.putImageData(image, 0, 0);
  return canvas;
}

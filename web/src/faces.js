// The list of faces: what the classifier saw of each, its emotion, a bar for each class, and a way to ask why.

import { percent } from "./drawing.js";

/** @import { Face } from "./recognizer.js" */

/**
 * Fill a list with the faces of a picture.
 *
 * @param {HTMLElement} list
 * @param {Face[]} faces
 * @param {((face: Face) => void) | null} explain is called when a face's button is pressed; null for no buttons
 */
export function list(list, faces, explain) {
  list.replaceChildren(...faces.map((face, i) => item(face, faces.length > 1 ? `${i + 1} ` : "", explain)));
}

/**
 * @param {Face} face
 * @param {string} number as in the picture
 * @param {((face: Face) => void) | null} explain
 */
function item(face, number, explain) {
  const entry = document.createElement("li");
  entry.className = "face";
  const heading = document.createElement("h3");
  heading.textContent = `${number}${face.emotion}`;
  entry.append(crop(face), heading, bars(face));
  if (explain) {
    const why = Object.assign(document.createElement("button"), { type: "button", textContent: "Why?" });
    why.ariaLabel = `Why ${heading.textContent}?`;
    why.addEventListener("click", () => explain(face));
    entry.append(why);
  }
  return entry;
}

/**
 * Return a face as the model sees it.
 *
 * @param {Face} face
 */
export function crop(face) {
  const side = Math.sqrt(face.crop.length);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `the face as the model sees it, ${side}×${side} grey pixels`);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const image = context.createImageData(side, side);
  face.crop.forEach((shade, i) => image.data.set([shade, shade, shade, 255], i * 4));
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {Face} face */
function bars(face) {
  const all = document.createElement("dl");
  for (const [emotion, probability] of Object.entries(face.probabilities)) {
    const row = document.createElement("div");
    row.style.setProperty("--share", String(probability));
    if (emotion === face.emotion) row.className = "best";
    const name = document.createElement("dt");
    name.textContent = emotion;
    const value = document.createElement("dd");
    value.textContent = percent(probability);
    row.append(name, value);
    all.append(row);
  }
  return all;
}

// The list of faces: what the classifier saw of each, its emotion, and a bar for each class.

import { percent } from "./drawing.js";

/** @import { Face } from "./recognizer.js" */

/**
 * Fill a list with the faces of a picture.
 *
 * @param {HTMLElement} list
 * @param {Face[]} faces
 */
export function list(list, faces) {
  list.replaceChildren(...faces.map((face, i) => item(face, faces.length > 1 ? `${i + 1} ` : "")));
}

/**
 * @param {Face} face
 * @param {string} number as in the picture
 */
function item(face, number) {
  const entry = document.createElement("li");
  entry.className = "face";
  const heading = document.createElement("h3");
  heading.textContent = `${number}${face.emotion}`;
  entry.append(crop(face), heading, bars(face));
  return entry;
}

/** @param {Face} face */
function crop(face) {
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

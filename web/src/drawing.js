// A photo with its faces marked, on the page and in the file that is saved: emotion/inference/drawing.py.

/** @import { Face } from "./recognizer.js" */

/**
 * A decoded picture and its faces.
 *
 * @typedef {object} Shown
 * @property {ImageBitmap} bitmap
 * @property {Face[]} faces
 */

const COLOUR = "rgb(255 210 0)";
const INK = "#000";
const LETTER = 1 / 40; // height of the letters in a saved picture, as a share of its longer side
const LEAST_LETTER = 10; // pixels
const LETTER_ON_PAGE = 14; // CSS pixels

/**
 * Fill a canvas with a picture as large as it fits, in the middle, with its faces marked.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Shown} shown
 */
export function show(canvas, { bitmap, faces }) {
  const density = devicePixelRatio;
  canvas.width = Math.round(canvas.clientWidth * density);
  canvas.height = Math.round(canvas.clientHeight * density);
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.translate((canvas.width - bitmap.width * scale) / 2, (canvas.height - bitmap.height * scale) / 2);
  mark(context, { bitmap, faces }, scale, LETTER_ON_PAGE * density);
}

/**
 * Return a picture with its faces marked as a PNG file.
 *
 * @param {Shown} shown
 */
export function toPng(shown) {
  const { width, height } = shown.bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  mark(context, shown, 1, Math.max(LEAST_LETTER, Math.round(Math.max(width, height) * LETTER)));
  return canvas.convertToBlob({ type: "image/png" });
}

/**
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {Shown} shown
 * @param {number} scale of the picture
 * @param {number} letter height of the letters in the context's pixels
 */
function mark(context, { bitmap, faces }, scale, letter) {
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.fillStyle = "#fff"; // under transparent pixels
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  context.font = `600 ${letter}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.lineWidth = Math.max(1, letter / 8);
  context.strokeStyle = COLOUR;
  const line = 1.3 * letter;
  faces.forEach(({ box, emotion, probabilities }, i) => {
    const [left, top, right, bottom] = box.map((edge) => edge * scale);
    context.strokeRect(left, top, right - left, bottom - top);
    const number = faces.length > 1 ? `${i + 1} ` : "";
    const text = `${number}${emotion} ${percent(probabilities[emotion])}`;
    const space = context.measureText(text).width + letter / 2;
    const x = Math.max(0, Math.min(left - context.lineWidth / 2, width - space));
    const y = top >= line ? top - line : Math.min(bottom, height - line);
    context.fillStyle = COLOUR;
    context.fillRect(x, y, space, line);
    context.fillStyle = INK;
    context.fillText(text, x + letter / 4, y + line / 2);
  });
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(share * 100)}%`;
}

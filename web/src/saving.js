// Files to keep: what `python -m emotion.predict` writes, too.

/** @import { Face } from "./recognizer.js" */

/**
 * A photo that has been looked at.
 *
 * @typedef {object} Result
 * @property {string} name of its file
 * @property {string} model name of the model's file
 * @property {Face[]} faces
 */

/**
 * Return photos as JSON: an array with an object for each, as `python -m emotion.predict --json` prints them.
 *
 * @param {Result[]} results
 */
export function toJson(results) {
  const photos = results.map(({ name, model, faces }) => ({
    file: name,
    model,
    faces: faces.map(({ box, score, emotion, probabilities }) => ({
      box: box.map((edge) => rounded(edge, 1)),
      score: rounded(score, 4),
      emotion,
      probabilities: Object.fromEntries(Object.entries(probabilities).map(([key, value]) => [key, rounded(value, 6)])),
    })),
  }));
  return new Blob([JSON.stringify(photos, null, 2)], { type: "application/json" });
}

/**
 * Let the browser save a file.
 *
 * @param {Blob} content
 * @param {string} name
 */
export function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the download has begun by then
}

/**
 * @param {number} value
 * @param {number} digits
 */
function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

// The face that the classifier sees, cut out of a photo: the recipe of emotion/inference/crop.py, to the byte.

import { transform } from "./affine.js";
import { grey, region, roundHalfEven } from "./pictures.js";
import { LANCZOS, resize } from "./resample.js";

/** @import { Picture } from "./pictures.js" */

/**
 * Where the faces that the model was trained on lie in the detector's box.
 *
 * @typedef {object} Framing
 * @property {number} side of the crop, in sides of the box
 * @property {number} rise of the crop's middle over the box's, in sides of the box, towards the forehead
 */

/**
 * A square in a photo.
 *
 * @typedef {object} Square
 * @property {number} x of its middle, in pixels
 * @property {number} y of its middle, in pixels
 * @property {number} side in pixels
 * @property {number} angle by which it is turned clockwise, in radians
 */

const TILT = 10; // degrees; less is left as it is
const SHIFT = 0.04; // in sides of a square
const STEPS = 16; // a pixel: squares lie on this grid, so that every runtime cuts the same pixels
const ANGLES = 1024; // a radian

/**
 * Return the square to cut out for a face.
 *
 * @param {number[]} box left, top, right and bottom in pixels
 * @param {number[]} points x and y of the person's right eye, left eye, then others, in pixels
 * @param {Framing} framing
 * @returns {Square}
 */
export function frame([left, top, right, bottom], points, framing) {
  let angle = Math.atan2(points[3] - points[1], points[2] - points[0]);
  angle = Math.abs(angle) <= (TILT * Math.PI) / 180 ? 0 : roundHalfEven(angle * ANGLES) / ANGLES;
  const size = (right - left + bottom - top) / 2;
  const rise = framing.rise * size;
  const x = (left + right) / 2 + rise * Math.sin(angle);
  const y = (top + bottom) / 2 - rise * Math.cos(angle);
  return { x: onGrid(x), y: onGrid(y), side: Math.max(onGrid(framing.side * size), 1 / STEPS), angle };
}

/**
 * Return a square, and it shifted in four directions by SHIFT: what a photo's face is averaged over.
 *
 * @param {Square} square
 * @returns {Square[]}
 */
export function around(square) {
  const step = onGrid(SHIFT * square.side);
  const moves = [[0, 0], [step, 0], [-step, 0], [0, step], [0, -step]];
  return moves.map(([right, down]) => ({ ...square, x: square.x + right, y: square.y + down }));
}

/**
 * Return a square of a photo as the classifier takes it, in grey; it may reach beyond the photo.
 *
 * @param {Picture} photo
 * @param {Square} square
 * @param {number} size pixels of the result's side
 * @returns {Picture}
 */
export function cut(photo, square, size) {
  const half = (square.side / 2) * (Math.abs(Math.cos(square.angle)) + Math.abs(Math.sin(square.angle)));
  const [left, top] = [Math.floor(square.x - half), Math.floor(square.y - half)];
  const [right, bottom] = [Math.ceil(square.x + half), Math.ceil(square.y + half)];
  const around = grey(region(photo, left, top, right, bottom));
  if (square.angle !== 0) {
    return resize(upright(around, square.x - left, square.y - top, square), size, size, LANCZOS);
  }
  const x = square.x - square.side / 2 - left;
  const y = square.y - square.side / 2 - top;
  return resize(around, size, size, LANCZOS, [x, y, x + square.side, y + square.side]);
}

/**
 * Return the turned square around a point of a picture, as many pixels wide as its side.
 *
 * @param {Picture} around grey
 * @param {number} x
 * @param {number} y
 * @param {Square} square
 */
function upright(around, x, y, square) {
  const size = Math.max(1, roundHalfEven(square.side));
  const step = square.side / size;
  const [cosine, sine] = [step * Math.cos(square.angle), step * Math.sin(square.angle)];
  return transform(around, size, [
    cosine, -sine, x - (size / 2) * (cosine - sine),
    sine, cosine, y - (size / 2) * (sine + cosine),
  ]);
}

/** @param {number} value */
function onGrid(value) {
  return roundHalfEven(value * STEPS) / STEPS;
}

// Pillow's Image.resize, to the byte. No canvas can do it: each browser reduces in its own way.
//
// Source: Pillow's src/libImaging/Resample.c, its path for 8 bits a channel: weights in fixed point, and rounded
// and clipped between the two passes. Here the rows always come first; from release 13 on Pillow begins with the
// columns where the height shrinks far more than the width, which emotion/inference avoids.

/** @import { Picture } from "./pictures.js" */

/**
 * @typedef {object} Filter
 * @property {number} support in pixels, to either side
 * @property {(x: number) => number} weight at a distance
 */

/**
 * For each pixel of the result where its weights begin in the source, and what they are; `taps` have room.
 *
 * @typedef {object} Weights
 * @property {Int32Array} starts
 * @property {Int32Array} counts
 * @property {Int32Array} values
 * @property {number} taps
 */

/** @type {Filter} */
export const BILINEAR = { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };
/** @type {Filter} */
export const LANCZOS = { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };

const PRECISION = 22; // bits behind the point of a weight: 32 - 8 - 2
const HALF = 1 << (PRECISION - 1);

/**
 * Return a part of a picture in another size.
 *
 * @param {Picture} picture
 * @param {number} width of the result, in pixels
 * @param {number} height of the result, in pixels
 * @param {Filter} filter
 * @param {number[]} [box] left, top, right and bottom of the part; by default the whole
 * @returns {Picture}
 */
export function resize(picture, width, height, filter, box = [0, 0, picture.width, picture.height]) {
  const [left, top, right, bottom] = box.map(Math.fround); // Pillow takes it in float32
  const across = weigh(picture.width, left, right, width, filter);
  const down = weigh(picture.height, top, bottom, height, filter);
  const first = down.starts[0];
  const rows = down.starts[height - 1] + down.counts[height - 1] - first;
  const narrow = horizontal(picture, first, rows, width, across);
  for (let y = 0; y < height; y++) down.starts[y] -= first;
  return vertical(narrow, height, down);
}

/**
 * @param {number} length of the source
 * @param {number} from
 * @param {number} to
 * @param {number} size of the result
 * @param {Filter} filter
 * @returns {Weights}
 */
function weigh(length, from, to, size, filter) {
  const scale = Math.fround(to - from) / size;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(size);
  const counts = new Int32Array(size);
  const values = new Int32Array(size * taps);
  const exact = new Float64Array(taps);
  for (let i = 0; i < size; i++) {
    const middle = from + (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(middle - support + 0.5));
    const count = Math.min(length, Math.trunc(middle + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      exact[k] = filter.weight((k + start - middle + 0.5) * (1 / stretch));
      sum += exact[k];
    }
    for (let k = 0; k < count; k++) {
      const share = (sum === 0 ? exact[k] : exact[k] / sum) * (1 << PRECISION);
      values[i * taps + k] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, values, taps };
}

/**
 * @param {Picture} picture
 * @param {number} first row that counts
 * @param {number} rows that count
 * @param {number} width
 * @param {Weights} weights
 * @returns {Picture}
 */
function horizontal(picture, first, rows, width, weights) {
  const { data, channels } = picture;
  const { starts, counts, values, taps } = weights;
  const result = blank(width, rows, channels);
  for (let y = 0, to = 0; y < rows; y++) {
    const row = (first + y) * picture.width;
    for (let x = 0; x < width; x++, to += channels) {
      const begin = x * taps;
      const end = begin + counts[x];
      let at = (row + starts[x]) * channels;
      let red = HALF; // or grey
      let green = HALF;
      let blue = HALF;
      if (channels === 1) {
        for (let k = begin; k < end; k++) red += Math.imul(data[at++], values[k]);
        result.data[to] = red >> PRECISION;
        continue;
      }
      for (let k = begin; k < end; k++, at += channels) {
        red += Math.imul(data[at], values[k]);
        green += Math.imul(data[at + 1], values[k]);
        blue += Math.imul(data[at + 2], values[k]);
      }
      result.data[to] = red >> PRECISION;
      result.data[to + 1] = green >> PRECISION;
      result.data[to + 2] = blue >> PRECISION;
    }
  }
  return result;
}

/**
 * @param {Picture} picture
 * @param {number} height
 * @param {Weights} weights
 * @returns {Picture}
 */
function vertical(picture, height, weights) {
  const { data, width, channels } = picture;
  const { starts, counts, values, taps } = weights;
  const result = blank(width, height, channels);
  const stride = width * channels;
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    let at = starts[y] * stride;
    for (let k = y * taps; k < y * taps + counts[y]; k++) {
      for (let i = 0; i < stride; i++) sums[i] += Math.imul(data[at++], values[k]);
    }
    for (let i = 0; i < stride; i++) result.data[y * stride + i] = sums[i] >> PRECISION;
  }
  return result;
}

/**
 * @param {number} width
 * @param {number} height
 * @param {1 | 4} channels
 * @returns {Picture}
 */
function blank(width, height, channels) {
  return { data: new Uint8ClampedArray(width * height * channels).fill(255), width, height, channels };
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

// Pictures as plain arrays of bytes, and the two steps that every face goes through first.

/**
 * A picture: rows from the top, in each the pixels from the left.
 *
 * @typedef {object} Picture
 * @property {Uint8ClampedArray} data
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {1 | 4} channels grey, or red, green, blue and an alpha that is always 255
 */

/**
 * Return the part of a picture between whole coordinates; beyond the picture its edge pixels go on.
 *
 * @param {Picture} picture
 * @param {number} left
 * @param {number} top
 * @param {number} right
 * @param {number} bottom
 * @returns {Picture}
 */
export function region(picture, left, top, right, bottom) {
  const { data, width, height, channels } = picture;
  const cut = new Uint8ClampedArray((right - left) * (bottom - top) * channels);
  const from = Math.min(Math.max(left, 0), width);
  const to = Math.min(Math.max(right, from), width);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    const row = clamp(y, height) * width;
    const first = (row + clamp(left, width)) * channels;
    const last = (row + width - 1) * channels;
    for (let x = left; x < Math.min(from, right); x++, at += channels) copyPixel(data, first, cut, at, channels);
    cut.set(data.subarray((row + from) * channels, (row + to) * channels), at);
    at += (to - from) * channels;
    for (let x = Math.max(to, left); x < right; x++, at += channels) copyPixel(data, last, cut, at, channels);
  }
  return { data: cut, width: right - left, height: bottom - top, channels };
}

/**
 * Return a picture in grey, by the whole numbers of Pillow's convert("L").
 *
 * @param {Picture} picture in colour
 * @returns {Picture}
 */
export function grey(picture) {
  const { data, width, height } = picture;
  const shades = new Uint8ClampedArray(width * height);
  for (let i = 0, at = 0; i < shades.length; i++, at += 4) {
    shades[i] = (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >> 16;
  }
  return { data: shades, width, height, channels: 1 };
}

/**
 * Return a number rounded as Python's round does: a half goes to the even neighbour.
 *
 * @param {number} value
 */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * @param {number} index
 * @param {number} length
 */
function clamp(index, length) {
  return Math.min(Math.max(index, 0), length - 1);
}

/**
 * @param {Uint8ClampedArray} source
 * @param {number} from
 * @param {Uint8ClampedArray} target
 * @param {number} to
 * @param {number} channels
 */
function copyPixel(source, from, target, to, channels) {
  for (let channel = 0; channel < channels; channel++) target[to + channel] = source[from + channel];
}

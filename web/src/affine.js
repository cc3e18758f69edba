// Pillow's Image.transform with AFFINE and BICUBIC for grey of 8 bits, to the byte.
//
// Source: Pillow's src/libImaging/Geometry.c.

/** @import { Picture } from "./pictures.js" */

/**
 * Return a square of pixels, each looked up where an affine map leads; black beyond the picture.
 *
 * @param {Picture} picture grey
 * @param {number} size of the result's side, in pixels
 * @param {number[]} affine six numbers, from x and y of the result to those of the picture
 * @returns {Picture}
 */
export function transform(picture, size, affine) {
  const [a, b, c, d, e, f] = affine;
  const data = new Uint8ClampedArray(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const fromX = a * (x + 0.5) + b * (y + 0.5) + c;
      const fromY = d * (x + 0.5) + e * (y + 0.5) + f;
      data[y * size + x] = Math.trunc(bicubic(picture, fromX, fromY)); // Pillow cuts off and does not round
    }
  }
  return { data, width: size, height: size, channels: 1 };
}

/**
 * @param {Picture} picture
 * @param {number} x
 * @param {number} y
 */
function bicubic(picture, x, y) {
  const { data, width, height } = picture;
  if (x < 0 || x >= width || y < 0 || y >= height) return 0;
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const alongX = x - 0.5 - left;
  const columns = [-1, 0, 1, 2].map((step) => Math.min(Math.max(left + step, 0), width - 1));
  const rows = [-1, 0, 1, 2].map((step) => {
    const row = Math.min(Math.max(top + step, 0), height - 1) * width;
    return cubic(
      data[row + columns[0]], data[row + columns[1]], data[row + columns[2]], data[row + columns[3]], alongX,
    );
  });
  return cubic(rows[0], rows[1], rows[2], rows[3], y - 0.5 - top);
}

/**
 * @param {number} before
 * @param {number} at
 * @param {number} next
 * @param {number} after
 * @param {number} share of the way from `at` to `next`
 */
function cubic(before, at, next, after, share) {
  const linear = -before + next;
  const square = 2 * (before - at) + next - after;
  const cube = -before + at - next + after;
  return at + share * (linear + share * (square + share * cube));
}

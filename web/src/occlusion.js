// What an answer hangs on: the face is covered at one place after the other, and the model answers each time.
//
// Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.

/**
 * How far the probability of a class falls when a part of the face is covered.
 *
 * @typedef {object} Occlusion
 * @property {number[]} map of CELLS rows from the top, in each CELLS cells from the left: the mean fall over the
 *     squares that cover the cell; negative where the probability rises
 * @property {number} fall the largest one, of a single square
 * @property {number} x of the middle of that square, in sides of the face
 * @property {number} y of the middle of that square, in sides of the face
 */

export const CELLS = 8; // along a side of the face: 6 pixels each of 48
const COVERED = 2; // cells along a side of the square that covers: about an eye with its brow
const PLACES = CELLS - COVERED + 1; // of the square, along a side: 49 in all, which is one batch

/**
 * Return what a probability hangs on.
 *
 * @param {Uint8ClampedArray} face grey, a square
 * @param {(faces: Uint8ClampedArray[]) => Promise<number[]>} ask gives the probability for each of some faces
 * @returns {Promise<Occlusion>}
 */
export async function occlude(face, ask) {
  const [whole, ...covered] = await ask([face, ...variants(face)]);
  const falls = covered.map((probability) => whole - probability);
  const fall = Math.max(...falls);
  const place = falls.indexOf(fall);
  const middle = (/** @type {number} */ step) => (step + COVERED / 2) / CELLS;
  return { map: spread(falls), fall, x: middle(place % PLACES), y: middle(Math.floor(place / PLACES)) };
}

/**
 * Return the face with a square of its mean grey at each place, rows from the top.
 *
 * @param {Uint8ClampedArray} face
 */
function variants(face) {
  const side = Math.sqrt(face.length);
  const mean = face.reduce((sum, shade) => sum + shade, 0) / face.length;
  const edge = (/** @type {number} */ cell) => Math.round((cell * side) / CELLS);
  return Array.from({ length: PLACES ** 2 }, (_, place) => {
    const [left, top] = [place % PLACES, Math.floor(place / PLACES)];
    const variant = face.slice();
    for (let y = edge(top); y < edge(top + COVERED); y++) {
      variant.fill(mean, y * side + edge(left), y * side + edge(left + COVERED));
    }
    return variant;
  });
}

/**
 * Return for each cell the mean fall over the squares that cover it.
 *
 * @param {number[]} falls of each place
 */
function spread(falls) {
  return Array.from({ length: CELLS ** 2 }, (_, cell) => {
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)];
    const over = falls.filter((_, place) => {
      const [right, down] = [column - (place % PLACES), row - Math.floor(place / PLACES)];
      return right >= 0 && right < COVERED && down >= 0 && down < COVERED;
    });
    return over.reduce((sum, fall) => sum + fall, 0) / over.length;
  });
}

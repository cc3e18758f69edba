// What answers hang on whose classifier is made by hand, so that anyone can work it out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CELLS, occlude } from "../src/occlusion.js";

const SIDE = 48;
const CELL = SIDE / CELLS;

/**
 * Return a face that is white in some of its cells and black elsewhere.
 *
 * @param {(column: number, row: number) => boolean} isWhite
 * @param {number} [side]
 */
function face(isWhite, side = SIDE) {
  const cell = (/** @type {number} */ pixel) => Math.floor((pixel * CELLS) / side);
  return Uint8ClampedArray.from({ length: side ** 2 }, (_, i) =>
    isWhite(cell(i % side), cell(Math.floor(i / side))) ? 255 : 0,
  );
}

/**
 * Return a classifier whose probability is how light one pixel is, and which counts what it is asked.
 *
 * @param {number} x
 * @param {number} y
 */
function looksAt(x, y) {
  /** @type {number[]} */
  const asked = [];
  /** @param {Uint8ClampedArray[]} faces */
  const ask = async (faces) => {
    asked.push(faces.length);
    return faces.map((shades) => shades[y * Math.sqrt(shades.length) + x] / 255);
  };
  return { ask, asked };
}

const corner = face((column, row) => column === 0 && row === 0); // a 64th is white: its mean grey is 4

test("an answer from one corner hangs on that corner alone", async () => {
  const { ask, asked } = looksAt(2, 3);
  const { map, fall, x, y } = await occlude(corner, ask);
  const expected = 1 - Math.round(255 / 64) / 255;
  const cells = { 0: 1, 1: 1 / 2, [CELLS]: 1 / 2, [CELLS + 1]: 1 / 4 }; // of the squares over a cell, one is over the corner
  assert.deepEqual(asked, [50]); // one batch: the face as it is, and 7 by 7 places
  assert.equal(fall, expected);
  assert.deepEqual([x, y], [1 / CELLS, 1 / CELLS]);
  assert.deepEqual(map, Array.from({ length: CELLS ** 2 }, (_, i) => expected * (/** @type {any} */ (cells)[i] ?? 0)));
});

test("every place is reached, and is where the face has it", async () => {
  for (const [column, row] of [[7, 0], [0, 7], [7, 7], [3, 5]]) {
    const { ask } = looksAt(column * CELL + 3, row * CELL + 3);
    const { map, x, y } = await occlude(face((...cell) => cell.join() === `${column},${row}`), ask);
    assert.equal(map.indexOf(Math.max(...map)), row * CELLS + column);
    assert.ok(Math.abs(x * CELLS - column - 0.5) <= 0.5);
    assert.ok(Math.abs(y * CELLS - row - 0.5) <= 0.5);
  }
});

test("what covers is the face's own mean grey: an even face loses nothing", async () => {
  const grey = new Uint8ClampedArray(SIDE ** 2).fill(93);
  const { map, fall } = await occlude(grey, looksAt(20, 20).ask);
  assert.equal(fall, 0);
  assert.ok(map.every((cell) => cell === 0));
});

test("a place that spoke against the class is negative, and is not the one that counts", async () => {
  const { ask } = looksAt(2, 3);
  const against = async (/** @type {Uint8ClampedArray[]} */ faces) => (await ask(faces)).map((light) => 1 - light);
  const { map, fall } = await occlude(corner, against);
  assert.ok(map[0] < 0);
  assert.equal(fall, 0);
});

test("a face whose side is no multiple of the cells is covered up to its last pixel", async () => {
  const side = 37;
  const { map } = await occlude(face((column, row) => column === 7 && row === 7, side), looksAt(36, 36).ask);
  assert.equal(map.indexOf(Math.max(...map)), CELLS ** 2 - 1);
});

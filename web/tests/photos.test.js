// Decoded pictures, on a canvas that stands in for the browser's.

import assert from "node:assert/strict";
import { test } from "node:test";

import { UserError } from "../src/metadata.js";
import { pixels } from "../src/photos.js";

/** @param {object | null} context of the canvas; null for a size that the browser does not have */
function closed(context) {
  Object.assign(globalThis, { OffscreenCanvas: class { getContext = () => context; } });
  let times = 0;
  const bitmap = /** @type {ImageBitmap} */ ({ width: 1, height: 1, close: () => void times++ });
  try {
    pixels(bitmap, "a.png");
  } catch (error) {
    assert.ok(error instanceof UserError);
  }
  return times;
}

test("a picture is closed once its pixels are out, and where they cannot be had", () => {
  const data = new Uint8ClampedArray(4);
  assert.equal(closed({ fillRect() {}, drawImage() {}, getImageData: () => ({ data }) }), 1);
  assert.equal(closed(null), 1);
});

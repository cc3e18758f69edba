// Picture files as pixels: what emotion/inference/photos.py reads with Pillow, to the byte.
//
// Of the ways in which a browser decodes, createImageBitmap without a conversion of colours gives Pillow's
// bytes. A canvas that is read often stays in memory: on a graphics card its pixels would be others.

import { UserError } from "./metadata.js";

/** @import { Picture } from "./pictures.js" */

const BACKGROUND = "#fff"; // under transparent pixels

/**
 * Decode a picture file, upright as its EXIF data say.
 *
 * @param {Blob} file
 * @param {string} name for the message
 * @throws {UserError} it cannot be read
 */
export async function decode(file, name) {
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    throw new UserError(`${name} is no picture that this browser can read`);
  }
}

/**
 * Return the pixels of a decoded picture, and close it; transparent is white.
 *
 * @param {ImageBitmap} bitmap
 * @param {string} name for the message
 * @returns {Picture}
 * @throws {UserError} it is too large
 */
export function pixels(bitmap, name) {
  const { width, height } = bitmap;
  try {
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new RangeError("no canvas of this size");
    context.fillStyle = BACKGROUND;
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { data: /** @type {Uint8ClampedArray} */ (data), width, height, channels: 4 };
  } catch {
    throw new UserError(`${name} has ${width}×${height} pixels, too many for this browser; make it smaller`);
  } finally {
    bitmap.close(); // else it keeps its memory until the collector happens to come
  }
}

// Faces in a photo: emotion/inference/detector.py in JavaScript.

import { SIDE, decode, merge } from "./blazeface.js";
import { region, roundHalfEven } from "./pictures.js";
import { BILINEAR, resize } from "./resample.js";

/**
 * @import { InferenceSession, Tensor } from "onnxruntime-web/wasm"
 * @import { Detection } from "./blazeface.js"
 * @import { Picture } from "./pictures.js"
 */

// From so many pixels of the photo's longer side on, it is also looked at in tiles of this part of that side
const TILES = [[512, 1 / 2], [2048, 1 / 4]];
const OVERLAP = 1 / 4; // of a tile
const LEAST_SCORE = 0.55; // of a face in the whole photo
const LEAST_IN_TILE = 0.65;
const RIM = 1 / 64; // of a tile: a face that comes nearer to its edge is cut, and whole in the next tile
const SHADES = Float32Array.from({ length: 256 }, (_, shade) => Math.fround(shade / 127.5) - 1);

/** BlazeFace, ready to run. */
export class FaceDetector {
  /**
   * @param {InferenceSession} session of face_detector.onnx
   * @param {typeof Tensor} TensorClass of the same runtime
   */
  constructor(session, TensorClass) {
    this.session = session;
    this.Tensor = TensorClass;
  }

  /**
   * Return the faces of a photo, the surest first, in its pixels.
   *
   * @param {Picture} photo
   * @param {boolean} inTiles look for small faces, too, which takes several times as long
   */
  async detect(photo, inTiles) {
    const found = await this.#look(photo, LEAST_SCORE);
    for (const tile of inTiles ? tiles(photo.width, photo.height) : []) {
      const [left, top] = tile;
      const part = region(photo, tile[0], tile[1], tile[2], tile[3]);
      const inside = (await this.#look(part, LEAST_IN_TILE)).map((face) => moved(face, left, top));
      found.push(...inside.filter((face) => isWhole(face, tile, photo)));
    }
    return merge(found);
  }

  /**
   * @param {Picture} picture
   * @param {number} least score
   */
  async #look(picture, least) {
    const { pixels, scaleX, scaleY, left, top } = letterbox(picture);
    const answer = await this.session.run({ input: new this.Tensor("float32", pixels, [1, SIDE, SIDE, 3]) });
    const [regressors, logits] = this.session.outputNames.map((name) => answer[name].data);
    const found = decode(/** @type {Float32Array} */ (regressors), /** @type {Float32Array} */ (logits), least);
    /** @param {number[]} values */
    const back = (values) => values.map((value, i) => (i % 2 ? (value - top) / scaleY : (value - left) / scaleX));
    return found.map(({ box, points, score }) => ({ box: back(box), points: back(points), score }));
  }
}

/**
 * Yield left, top, right and bottom of the tiles of a photo, in pixels; each overlaps the next.
 *
 * @param {number} width
 * @param {number} height
 */
export function* tiles(width, height) {
  const longer = Math.max(width, height);
  for (const [least, part] of TILES) {
    if (longer < least) continue;
    const side = roundHalfEven(longer * part);
    for (const top of starts(height, side)) {
      for (const left of starts(width, side)) {
        yield [left, top, Math.min(left + side, width), Math.min(top + side, height)];
      }
    }
  }
}

/**
 * Return a picture as the network takes it: whole, in the middle of a black square, in [-1, 1].
 *
 * @param {Picture} picture in colour
 */
export function letterbox(picture) {
  const longer = Math.max(picture.width, picture.height);
  const width = Math.max(1, roundHalfEven((picture.width * SIDE) / longer));
  const height = Math.max(1, roundHalfEven((picture.height * SIDE) / longer));
  const left = Math.floor((SIDE - width) / 2);
  const top = Math.floor((SIDE - height) / 2);
  const { data } = resize(picture, width, height, BILINEAR);
  const pixels = new Float32Array(SIDE * SIDE * 3).fill(SHADES[0]);
  for (let y = 0, from = 0; y < height; y++) {
    let to = ((top + y) * SIDE + left) * 3;
    for (let x = 0; x < width; x++, from += 4) {
      pixels[to++] = SHADES[data[from]];
      pixels[to++] = SHADES[data[from + 1]];
      pixels[to++] = SHADES[data[from + 2]];
    }
  }
  return { pixels, scaleX: width / picture.width, scaleY: height / picture.height, left, top };
}

/**
 * @param {number} length
 * @param {number} side
 */
function starts(length, side) {
  const steps = Math.max(0, Math.ceil((length - side) / (side * (1 - OVERLAP))));
  return Array.from({ length: steps + 1 }, (_, step) => (steps ? roundHalfEven(((length - side) * step) / steps) : 0));
}

/**
 * @param {Detection} face
 * @param {number} x
 * @param {number} y
 * @returns {Detection}
 */
function moved({ box, points, score }, x, y) {
  /** @param {number[]} values */
  const move = (values) => values.map((value, i) => value + (i % 2 ? y : x));
  return { box: move(box), points: move(points), score };
}

/**
 * Say that no edge of a tile cuts a face; the edges of the photo itself do not count.
 *
 * @param {Detection} face
 * @param {number[]} tile
 * @param {Picture} photo
 */
function isWhole({ box }, [left, top, right, bottom], photo) {
  const rim = RIM * Math.max(right - left, bottom - top);
  return (
    (left === 0 || box[0] >= left + rim) &&
    (top === 0 || box[1] >= top + rim) &&
    (right === photo.width || box[2] <= right - rim) &&
    (bottom === photo.height || box[3] <= bottom - rim)
  );
}

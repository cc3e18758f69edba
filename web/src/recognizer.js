// The faces of a photo and the emotion of each: emotion/inference/recognizer.py in JavaScript.

import { around, cut, frame } from "./crop.js";
import { FaceDetector } from "./detector.js";
import { UserError, modelInfo } from "./metadata.js";
import { occlude } from "./occlusion.js";

/**
 * @import { InferenceSession } from "onnxruntime-web/wasm"
 * @import { ModelInfo } from "./metadata.js"
 * @import { Occlusion } from "./occlusion.js"
 * @import { Picture } from "./pictures.js"
 */

/**
 * A face in a photo.
 *
 * @typedef {object} Face
 * @property {number[]} box left, top, right and bottom in pixels; it may reach beyond the photo
 * @property {number} score how sure the detector is that it is a face, 0 to 1
 * @property {string} emotion the most probable one
 * @property {Record<string, number>} probabilities of each emotion; they add up to 1
 * @property {Uint8ClampedArray} crop the face as it was classified: grey, a square
 */

/** @typedef {typeof import("onnxruntime-web/wasm")} Runtime */

const BATCH = 64; // faces classified at once, which bounds the memory

/** A detector and a classifier, ready to run. */
export class EmotionRecognizer {
  /**
   * @param {Runtime} runtime
   * @param {FaceDetector} detector
   * @param {InferenceSession} classifier
   * @param {ModelInfo} info of the classifier
   */
  constructor(runtime, detector, classifier, info) {
    this.runtime = runtime;
    this.detector = detector;
    this.classifier = classifier;
    this.info = info;
  }

  /**
   * Load both models.
   *
   * @param {Runtime} runtime
   * @param {Uint8Array} detector face_detector.onnx
   * @param {Uint8Array} model an ONNX file that this pipeline exported
   * @param {string} name of that file, for messages
   * @throws {UserError} the model is of another kind
   */
  static async load(runtime, detector, model, name) {
    const finder = new FaceDetector(await runtime.InferenceSession.create(detector), runtime.Tensor);
    const { classifier, info } = await loadClassifier(runtime, model, name);
    return new EmotionRecognizer(runtime, finder, classifier, info);
  }

  /**
   * Let another model answer.
   *
   * @param {Uint8Array} model
   * @param {string} name
   * @throws {UserError} the model is of another kind; the one before still answers
   */
  async replace(model, name) {
    const before = this.classifier;
    Object.assign(this, await loadClassifier(this.runtime, model, name));
    await before.release();
  }

  /**
   * Return the faces of a photo, the surest first.
   *
   * @param {Picture} photo in colour
   * @param {boolean} live for a camera's pictures: small faces are not looked for, and a face is cut out once
   *     instead of averaged over several crops
   * @returns {Promise<Face[]>}
   */
  async predict(photo, live) {
    const { classes, framing, side } = this.info;
    const found = await this.detector.detect(photo, !live);
    const places = found.map(({ box, points }) => {
      const square = frame(box, points, framing);
      return live ? [square] : around(square);
    });
    const crops = places.map((squares) => squares.map((square) => cut(photo, square, side).data));
    const answers = await this.#classify(crops.flat());
    return found.map(({ box, score }, i) => {
      const views = crops[i].length;
      const rows = answers.slice(i * views, (i + 1) * views);
      const row = classes.map((_, k) => rows.reduce((sum, each) => sum + each[k], 0) / views);
      const emotion = classes[row.indexOf(Math.max(...row))];
      const probabilities = Object.fromEntries(classes.map((name, k) => [name, row[k]]));
      return { box, score, emotion, probabilities, crop: crops[i][0] };
    });
  }

  /**
   * Return what an answer hangs on. It is asked of the face as it was cut out first, and not of all its crops.
   *
   * @param {Uint8ClampedArray} crop of a face
   * @param {string} emotion that it was given
   * @returns {Promise<Occlusion>}
   * @throws {UserError} another model has given it
   */
  async occlusion(crop, emotion) {
    const { classes, side } = this.info;
    const column = classes.indexOf(emotion);
    if (column < 0 || crop.length !== side * side) {
      throw new UserError("This answer is another model's; look at the photo again");
    }
    return occlude(crop, async (faces) => (await this.#classify(faces)).map((row) => row[column]));
  }

  /**
   * Return the probabilities of faces that are cut out already.
   *
   * @param {Uint8ClampedArray[]} faces
   */
  async #classify(faces) {
    const { side } = this.info;
    const [input] = this.classifier.inputNames;
    const [output] = this.classifier.outputNames;
    /** @type {number[][]} */
    const rows = [];
    for (let start = 0; start < faces.length; start += BATCH) {
      const batch = faces.slice(start, start + BATCH);
      const pixels = new Uint8Array(batch.length * side * side);
      batch.forEach((face, i) => pixels.set(face, i * side * side));
      const tensor = new this.runtime.Tensor("uint8", pixels, [batch.length, side, side, 1]);
      const answer = /** @type {Float32Array} */ ((await this.classifier.run({ [input]: tensor }))[output].data);
      const width = answer.length / batch.length;
      batch.forEach((_, i) => rows.push([...answer.subarray(i * width, (i + 1) * width)]));
    }
    return rows;
  }
}

/**
 * @param {Runtime} runtime
 * @param {Uint8Array} model
 * @param {string} name
 */
async function loadClassifier(runtime, model, name) {
  const info = modelInfo(model, name);
  let classifier;
  try {
    classifier = await runtime.InferenceSession.create(model);
  } catch (error) {
    throw new UserError(`${name} is not an ONNX model that can be run (${String(error).slice(0, 200)})`);
  }
  checkEnds(classifier, info, name);
  return { classifier, info };
}

/**
 * Refuse a model whose input or output is not what its metadata say.
 *
 * @param {InferenceSession} session
 * @param {ModelInfo} info
 * @param {string} name
 */
function checkEnds(session, info, name) {
  const ends = [...session.inputMetadata, ...session.outputMetadata].map((end) =>
    end.isTensor ? `${end.type} ${end.shape.slice(1).join("×")}` : "no tensor",
  );
  const wanted = [`uint8 ${info.side}×${info.side}×1`, `float32 ${info.classes.length}`];
  if (ends.join() !== wanted.join()) {
    throw new UserError(`${name} goes from ${ends.join(" to ")}: not to emotions of a face`);
  }
}

// The models, in a thread of their own, so that the page answers while they compute.

import { UserError } from "./metadata.js";
import { decode, pixels } from "./photos.js";
import { EmotionRecognizer } from "./recognizer.js";
import * as runtime from "./runtime/ort.wasm.min.mjs";

/**
 * What the page may ask for; each question is answered by a message of the same id.
 *
 * @typedef {{ id: number } & (
 *   | { task: "info" }
 *   | { task: "photo", file: Blob, name: string }
 *   | { task: "frame", bitmap: ImageBitmap }
 *   | { task: "occlusion", crop: Uint8ClampedArray, emotion: string }
 *   | { task: "model", file: Blob, name: string }
 * )} Question
 */

runtime.env.wasm.numThreads = 1; // more need headers that a static host rarely sends
runtime.env.logLevel = "error";

const loading = load();
/** @type {Promise<void>} */
let last = Promise.resolve();

/** @param {MessageEvent<Question>} event */
onmessage = ({ data: question }) => {
  last = last.then(() => reply(question)); // one after the other: a session computes one thing at a time
};

/** @param {Question} question */
async function reply(question) {
  try {
    postMessage({ id: question.id, answer: await answer(await loading, question) });
  } catch (error) {
    if (!(error instanceof UserError)) console.error(error);
    postMessage({ id: question.id, error: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * @param {EmotionRecognizer} recognizer
 * @param {Question} question
 */
async function answer(recognizer, question) {
  switch (question.task) {
    case "info":
      return recognizer.info;
    case "photo": {
      const bitmap = await decode(question.file, question.name);
      return recognizer.predict(pixels(bitmap, question.name), false);
    }
    case "frame": // whoever sits at a camera is near
      return recognizer.predict(pixels(question.bitmap, "the camera's picture"), true);
    case "occlusion":
      return recognizer.occlusion(question.crop, question.emotion);
    case "model":
      await recognizer.replace(new Uint8Array(await question.file.arrayBuffer()), question.name);
      return recognizer.info;
  }
}

async function load() {
  const [detector, model] = await Promise.all(["face_detector.onnx", "emotion.onnx"].map(download));
  return EmotionRecognizer.load(runtime, detector, model, "emotion.onnx");
}

/** @param {string} name */
async function download(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new UserError(`${name} cannot be loaded (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

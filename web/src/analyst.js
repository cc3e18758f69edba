// The page's side of the thread with the models.

/**
 * @import { Face } from "./recognizer.js"
 * @import { ModelInfo } from "./metadata.js"
 * @import { Occlusion } from "./occlusion.js"
 */

/** Asks the models; errors come with a message for people. */
export class Analyst {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #asked = 0;
  /** @type {Error | undefined} why there is no worker: it has an answer to whatever else it meets */
  #lost;

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      const asked = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("error" in data) asked?.reject(new Error(data.error));
      else asked?.resolve(data.answer);
    };
    this.#worker.onerror = (event) => {
      this.#lost = new Error(event.message || "the page's files are incomplete, or this browser is too old");
      for (const asked of this.#waiting.values()) asked.reject(this.#lost);
      this.#waiting.clear();
    };
  }

  /**
   * @param {object} question as worker.js has them, without the id
   * @returns {Promise<any>}
   */
  #ask(question) {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...question });
    });
  }

  /**
   * Return what the model says about itself, when it has been loaded.
   *
   * @returns {Promise<ModelInfo>}
   */
  info() {
    return this.#ask({ task: "info" });
  }

  /**
   * @param {Blob} file
   * @param {string} name
   * @returns {Promise<Face[]>}
   */
  photo(file, name) {
    return this.#ask({ task: "photo", file, name });
  }

  /**
   * @param {ImageBitmap} bitmap
   * @returns {Promise<Face[]>}
   */
  frame(bitmap) {
    return this.#ask({ task: "frame", bitmap });
  }

  /**
   * Return what the emotion of a face hangs on.
   *
   * @param {Face} face
   * @returns {Promise<Occlusion>}
   */
  occlusion({ crop, emotion }) {
    return this.#ask({ task: "occlusion", crop, emotion });
  }

  /**
   * Let another model answer.
   *
   * @param {Blob} file
   * @param {string} name
   * @returns {Promise<ModelInfo>}
   */
  model(file, name) {
    return this.#ask({ task: "model", file, name });
  }
}

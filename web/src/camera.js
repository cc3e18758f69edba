// A camera's faces, live. While one frame is looked at, the next is taken, so that the models never wait.

import { UserError } from "./metadata.js";

/**
 * @import { Analyst } from "./analyst.js"
 * @import { Shown } from "./drawing.js"
 */

// Larger pictures take longer and show no more: the detector sees 256 pixels of them
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
/** @type {Record<string, string>} */
const REASONS = {
  NotAllowedError: "it is not allowed for this page; allow it in the browser's settings",
  NotFoundError: "there is none",
  NotReadableError: "another program uses it",
};

/** One camera, on or off. */
export class Camera {
  #video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  /** @type {AbortController | null} */
  #watching = null;
  /** @type {((goesOn: boolean) => void) | null} */
  #wake = null; // ends the waiting for a frame

  get isOn() {
    return this.#watching !== null;
  }

  /**
   * Look at the camera's frames until `stop`.
   *
   * @param {Analyst} analyst
   * @param {(shown: Shown) => void} show is given each frame and its faces, and closes the frame
   * @throws {UserError} there is no camera, or it may not be used
   */
  async watch(analyst, show) {
    const watching = new AbortController();
    const { signal } = watching;
    this.#watching = watching;
    /** @type {Promise<ImageBitmap | null>} */
    let next = Promise.resolve(null);
    try {
      const stream = await open();
      const tracks = stream.getTracks();
      const close = () => tracks.forEach((track) => track.stop());
      if (signal.aborted) return close();
      signal.addEventListener("abort", () => {
        close();
        this.#wake?.(false);
      });
      tracks.forEach((track) => track.addEventListener("ended", () => watching.abort()));
      this.#video.srcObject = stream;
      await this.#video.play();
      next = this.#frame(signal);
      for (let bitmap = await next; bitmap; bitmap = await next) {
        const looking = analyst.frame(bitmap);
        next = this.#frame(signal);
        next.catch(() => {}); // it is thrown where it is awaited
        const faces = await looking;
        if (signal.aborted) bitmap.close();
        else show({ bitmap, faces });
      }
    } catch (error) {
      if (!signal.aborted) throw error; // else it is the video's, which was taken away from it
    } finally {
      watching.abort();
      next.then((unseen) => unseen?.close(), () => {});
      if (this.#watching === watching) this.stop();
    }
  }

  stop() {
    this.#watching?.abort();
    this.#watching = null;
    this.#video.srcObject = null;
  }

  /**
   * Wait for a frame and return it; null when the watching has ended. None comes while the page is hidden.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<ImageBitmap | null>}
   */
  async #frame(signal) {
    if (signal.aborted) return null;
    const goesOn = await new Promise((resolve) => {
      this.#wake = resolve;
      this.#video.requestVideoFrameCallback(() => resolve(!signal.aborted));
    });
    return goesOn ? createImageBitmap(this.#video) : null;
  }
}

async function open() {
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "NotAllowedError"); // a page without https
    return await navigator.mediaDevices.getUserMedia({ video: WANTED });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new UserError(`The camera cannot be used: ${REASONS[name] ?? error}. A photo works without it.`);
  }
}

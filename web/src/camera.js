// A camera's faces, live: each frame is looked at that comes when the one before is done.

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
  /** @type {MediaStream | null} */
  #stream = null;

  get isOn() {
    return this.#stream !== null;
  }

  /**
   * Look at the camera's frames until `stop`.
   *
   * @param {Analyst} analyst
   * @param {(shown: Shown) => void} show is given each frame and its faces; the frame is then closed
   * @throws {UserError} there is no camera, or it may not be used
   */
  async watch(analyst, show) {
    const stream = await open();
    this.#stream = stream;
    stream.getTracks().forEach((track) => track.addEventListener("ended", () => this.stop()));
    this.#video.srcObject = stream;
    try {
      await this.#video.play();
      while (await this.#nextFrame(stream)) {
        const bitmap = await createImageBitmap(this.#video);
        const faces = await analyst.frame(bitmap);
        if (this.#stream === stream) show({ bitmap, faces });
        else bitmap.close();
      }
    } finally {
      if (this.#stream === stream) this.stop();
    }
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
    this.#stopped?.(false);
  }

  /** @type {((goesOn: boolean) => void) | undefined} */
  #stopped;

  /**
   * Wait for a frame and say whether there is one; none comes while the page is hidden.
   *
   * @param {MediaStream} stream
   * @returns {Promise<boolean>}
   */
  #nextFrame(stream) {
    if (this.#stream !== stream) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#stopped = resolve;
      this.#video.requestVideoFrameCallback(() => resolve(this.#stream === stream));
    });
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

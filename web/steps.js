// Single steps of a visitor on the page, of which the scenarios are made.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

/** @import { Page } from "puppeteer-core" */

export const WAIT = { timeout: 300_000 };

/**
 * Choose files.
 *
 * @param {Page} page
 * @param {string} input
 * @param {string[]} files
 */
export async function choose(page, input, files) {
  const found = /** @type {import("puppeteer-core").ElementHandle<HTMLInputElement> | null} */ (await page.$(input));
  await found?.uploadFile(...files);
}

/**
 * Paste or drop files; of several times the next comes before the page has looked at the files of the first.
 *
 * @param {Page} page
 * @param {"paste" | "drop"} way
 * @param {string[][]} times files that come together
 */
export async function hand(page, way, ...times) {
  const read = async (/** @type {string} */ file) => [basename(file), await readFile(file, "base64")];
  const contents = await Promise.all(times.map((files) => Promise.all(files.map(read))));
  await page.evaluate(
    (way, contents) => {
      for (const together of contents) {
        const files = new DataTransfer();
        for (const [name, content] of together) {
          files.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
        }
        const event =
          way === "drop"
            ? new DragEvent("drop", { dataTransfer: files, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: files });
        dispatchEvent(event);
      }
    },
    way,
    contents,
  );
}

/**
 * Drop a model, and wait until it has answered for the photo that is shown.
 *
 * @param {Page} page
 * @param {string} file
 */
export async function dropModel(page, file) {
  const recipe = await text(page, "#recipe");
  const before = await text(page, "#faces");
  await hand(page, "drop", [file]);
  await page.waitForFunction((old) => document.querySelector("#recipe")?.textContent !== old, WAIT, recipe);
  await page.waitForFunction((old) => document.querySelector("#faces")?.textContent !== old, WAIT, before);
}

/**
 * Return the pixels of the faces that are listed.
 *
 * @param {Page} page
 */
export function crops(page) {
  return page.$$eval("#faces canvas", (canvases) =>
    canvases.map((canvas) => {
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
      return [...data.filter((_, i) => i % 4 === 0)];
    }),
  );
}

/**
 * Return the text of an element.
 *
 * @param {Page} page
 * @param {string} selector
 */
export function text(page, selector) {
  return page.$eval(selector, (found) => found.textContent ?? "");
}

/**
 * Save both files, and return the names of the pictures and what the JSON says.
 *
 * @param {Page} page
 * @param {string} folder where to
 */
export async function saved(page, folder) {
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", {
    behavior: "allow",
    browserContextId: page.browserContext().id,
    downloadPath: folder,
    eventsEnabled: true,
  });
  /** @type {Record<string, string>} */
  const names = {};
  session.on("Browser.downloadWillBegin", ({ guid, suggestedFilename }) => void (names[guid] = suggestedFilename));
  /** @param {string} button */
  const press = async (button) => {
    const done = new Promise((resolve) => {
      session.on("Browser.downloadProgress", ({ state, guid }) => state === "completed" && resolve(names[guid]));
    });
    await page.click(button);
    return done;
  };
  const picture = await press("#save-picture");
  const json = await press("#save-json");
  return { picture, json: JSON.parse(await readFile(`${folder}/${json}`, "utf-8")) };
}

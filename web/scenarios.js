// What a visitor does on the page, for tests/browser and benchmarks/web.py:
//
//   node scenarios.js NAME '{"url": "http://127.0.0.1:8000/", ...}'
//
// prints as JSON what is then there.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { start } from "./chromium.js";

/**
 * @import { Page } from "puppeteer-core"
 *
 * @typedef {object} Plan
 * @property {string} url of the page
 * @property {string} downloads folder of the files that the page saves
 * @property {string} [proxy] host and port of what stands for all other hosts
 * @property {string[]} [options] of Chromium's command line
 * @property {string[]} [photos] files
 * @property {string} [model] file
 * @property {number} [width] of the window, in pixels
 * @property {boolean} [dark]
 * @property {string} [screenshot] file
 * @property {number} [seconds] how long the camera is watched
 */

const WAIT = { timeout: 300_000 };

/** @type {Record<string, (page: Page, plan: Plan) => Promise<object>>} */
const SCENARIOS = { photos, sample, camera, refused, model };

/**
 * Choose several photos; turn to each, and save.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function photos(page, plan) {
  await choose(page, "#photos", plan.photos ?? []);
  await page.waitForFunction(
    (count) => document.querySelector("#status")?.textContent?.startsWith(`1 of ${count}`),
    WAIT,
    plan.photos?.length,
  );
  const seen = [await crops(page)];
  while (await page.$("#next:enabled")) {
    const before = await text(page, "#status");
    await page.click("#next");
    await page.waitForFunction((status) => document.querySelector("#status")?.textContent !== status, WAIT, before);
    seen.push(await crops(page));
  }
  return { seen, ...(await saved(page, plan)) };
}

/**
 * Show the sample with the keyboard alone.
 *
 * @param {Page} page
 */
async function sample(page) {
  const focused = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    focused.push(await page.evaluate(() => document.activeElement?.textContent?.trim().split(":")[0]));
  }
  await page.keyboard.press("Enter");
  await page.waitForSelector("#faces li", WAIT);
  return { focused, status: await text(page, "#status") };
}

/**
 * Watch the camera for a while, save its last frame, and end it.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function camera(page, plan) {
  await page.click("#camera");
  await page.waitForFunction(() => document.querySelector("#status")?.textContent?.includes("frames a second"), WAIT);
  const rate = await page.evaluate(frameRate, plan.seconds ?? 0);
  const seen = await crops(page);
  const files = await saved(page, plan);
  await page.click("#camera");
  await page.waitForSelector("#camera[aria-pressed=false]", WAIT);
  return { rate, seen, ...files };
}

/**
 * Ask for a camera that is not given.
 *
 * @param {Page} page
 */
async function refused(page) {
  await page.click("#camera");
  await page.waitForSelector("#message:not([hidden])", WAIT);
  return { message: await text(page, "#message") };
}

/**
 * Paste a photo, then drop a model of one's own, then choose a file that is none.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function model(page, plan) {
  const recipe = await text(page, "#recipe");
  await hand(page, "paste", plan.photos?.[0] ?? "");
  await page.waitForSelector("#faces li", WAIT);
  const before = await bars(page);
  await hand(page, "drop", plan.model ?? "");
  await page.waitForFunction((old) => document.querySelector("#recipe")?.textContent !== old, WAIT, recipe);
  await page.waitForFunction((old) => document.querySelector("#faces")?.textContent !== old, WAIT, before);
  const card = await text(page, "#card");
  await choose(page, "#model-file", plan.photos ?? []);
  await page.waitForSelector("#message:not([hidden])", WAIT);
  return { before, after: await bars(page), card, message: await text(page, "#message") };
}

/**
 * Watch for so many seconds, and return how many frames were shown in one.
 *
 * @param {number} seconds
 * @returns {Promise<number>}
 */
function frameRate(seconds) {
  let frames = 0;
  const start = performance.now();
  const observer = new MutationObserver(() => frames++);
  observer.observe(/** @type {Element} */ (document.querySelector("#faces")), { childList: true });
  return new Promise((resolve) => setTimeout(() => resolve((1000 * frames) / (performance.now() - start)), seconds * 1000));
}

/**
 * @param {Page} page
 * @param {string} input
 * @param {string[]} files
 */
async function choose(page, input, files) {
  const found = /** @type {import("puppeteer-core").ElementHandle<HTMLInputElement> | null} */ (await page.$(input));
  await found?.uploadFile(...files);
}

/**
 * Paste or drop a file.
 *
 * @param {Page} page
 * @param {"paste" | "drop"} way
 * @param {string} file
 */
async function hand(page, way, file) {
  const content = await readFile(file, "base64");
  await page.evaluate(
    (way, name, content) => {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
      const event =
        way === "drop"
          ? new DragEvent("drop", { dataTransfer: files, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: files });
      dispatchEvent(event);
    },
    way,
    basename(file),
    content,
  );
}

/**
 * Return the pixels of the faces that are listed.
 *
 * @param {Page} page
 */
function crops(page) {
  return page.$$eval("#faces canvas", (canvases) =>
    canvases.map((canvas) => {
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
      return [...data.filter((_, i) => i % 4 === 0)];
    }),
  );
}

/**
 * @param {Page} page
 * @param {string} selector
 */
function text(page, selector) {
  return page.$eval(selector, (found) => found.textContent ?? "");
}

/** @param {Page} page */
function bars(page) {
  return text(page, "#faces");
}

/**
 * Save both files, and return the names of the pictures and what the JSON says.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function saved(page, plan) {
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", {
    behavior: "allow",
    browserContextId: page.browserContext().id,
    downloadPath: plan.downloads,
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
  return { picture, json: JSON.parse(await readFile(`${plan.downloads}/${json}`, "utf-8")) };
}

/**
 * Open the page, let a visitor do something there, and return what came of it.
 *
 * @param {string} name
 * @param {Plan} plan
 */
async function run(name, plan) {
  const browser = await start(plan.options ?? []);
  try {
    // Of its own, because Chromium's own services speak in the default one
    const context = await browser.createBrowserContext({ proxyServer: plan.proxy });
    const page = await context.newPage();
    await page.setViewport({ width: plan.width ?? 1100, height: 800 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: plan.dark ? "dark" : "light" }]);
    /** @type {string[]} */
    const complaints = [];
    page.on("console", (said) => void (said.type() === "error" && complaints.push(said.text())));
    page.on("pageerror", (error) => void complaints.push(String(error)));
    await page.evaluateOnNewDocument(() => {
      const shifts = /** @type {any} */ (window);
      shifts.shifted = 0;
      new PerformanceObserver((found) => {
        for (const entry of found.getEntries()) shifts.shifted += /** @type {any} */ (entry).value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(plan.url);
    await page.waitForSelector("#card dd", WAIT);
    const result = await SCENARIOS[name](page, plan);
    const measured = await page.evaluate(() => ({
      shifted: /** @type {any} */ (window).shifted,
      width: document.documentElement.scrollWidth,
    }));
    if (plan.screenshot) await page.screenshot({ path: plan.screenshot, fullPage: true });
    return { ...result, ...measured, complaints };
  } finally {
    await browser.close();
  }
}

const [, , name, plan] = process.argv;
console.log(JSON.stringify(await run(name, JSON.parse(plan))));

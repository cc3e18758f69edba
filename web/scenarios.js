// What a visitor does on the page, for tests/browser and benchmarks/web.py:
//
//   node scenarios.js NAME '{"url": "http://127.0.0.1:8000/", ...}'
//
// prints as JSON what is then there.

import { start } from "./chromium.js";
import { WAIT, choose, crops, dropModel, hand, saved, text } from "./steps.js";

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
 * @property {number} [times] how often an explanation is asked for again
 */

/** @type {Record<string, (page: Page, plan: Plan) => Promise<object>>} */
const SCENARIOS = { photos, sample, why, camera, refused, model, interrupted };

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
  return { seen, ...(await saved(page, plan.downloads)) };
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
 * Ask why with the keyboard alone, of a face of a photo and perhaps of a model of one's own; then again, by a
 * click, for the time that it takes.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function why(page, plan) {
  await choose(page, "#photos", plan.photos ?? []);
  await page.waitForSelector("#faces li", WAIT);
  if (plan.model) await dropModel(page, plan.model);
  await page.focus("#save-json");
  await page.keyboard.press("Tab");
  const focused = await page.evaluate(() => document.activeElement?.ariaLabel);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#explanation[open] [aria-busy=false]", WAIT);
  const [title, answer] = [await text(page, "#explanation h2"), await text(page, "#explanation [role=status]")];
  const [seen] = await crops(page);
  const colour = await page.$$eval("#explanation .heat", (canvases) =>
    canvases.map((canvas) => {
      const map = /** @type {HTMLCanvasElement} */ (canvas);
      const context = /** @type {CanvasRenderingContext2D} */ (map.getContext("2d"));
      return [...context.getImageData(0, 0, map.width, map.height).data.filter((_, i) => i % 4 === 3)];
    }),
  );
  if (plan.screenshot) await page.screenshot({ path: plan.screenshot.replace(".png", ".dialog.png") });
  await page.keyboard.press("Escape");
  const after = await page.evaluate(() => [document.querySelector("dialog[open]"), document.activeElement?.ariaLabel]);
  const milliseconds = await page.evaluate(waitingTimes, plan.times ?? 0);
  return { focused, title, answer, seen, colour, after, milliseconds };
}

/**
 * Ask why again and again, and return how long each answer took to be shown, in milliseconds.
 *
 * @param {number} times
 * @returns {Promise<number[]>}
 */
async function waitingTimes(times) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector("#explanation"));
  /** @type {number[]} */
  const waited = [];
  while (waited.length < times) {
    const start = performance.now();
    const shown = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        if (!dialog.querySelector("[aria-busy=false]")) return;
        observer.disconnect();
        resolve(performance.now());
      }).observe(dialog, { attributes: true, subtree: true });
    });
    /** @type {HTMLElement} */ (document.querySelector(".face button")).click();
    waited.push((await shown) - start);
    dialog.close();
  }
  return waited;
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
  const buttons = (await page.$$("#faces button")).length;
  const files = await saved(page, plan.downloads);
  await page.click("#camera");
  await page.waitForSelector("#camera[aria-pressed=false]", WAIT);
  return { rate, seen, buttons, ...files };
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
  await hand(page, "paste", (plan.photos ?? []).slice(0, 1));
  await page.waitForSelector("#faces li", WAIT);
  const before = await text(page, "#faces");
  await dropModel(page, plan.model ?? "");
  const card = await text(page, "#card");
  await choose(page, "#model-file", plan.photos ?? []);
  await page.waitForSelector("#message:not([hidden])", WAIT);
  return { before, after: await text(page, "#faces"), card, message: await text(page, "#message") };
}

/**
 * Drop a model while photos are looked at, choose a file that is no picture, and turn to the next photo.
 *
 * @param {Page} page
 * @param {Plan} plan
 */
async function interrupted(page, plan) {
  /** @param {string} start */
  const said = (start) =>
    page.waitForFunction((text) => document.querySelector("#status")?.textContent?.startsWith(text), WAIT, start);
  const recipe = await text(page, "#recipe");
  await hand(page, "drop", plan.photos ?? [], [plan.model ?? ""]);
  await page.waitForFunction((old) => document.querySelector("#recipe")?.textContent !== old, WAIT, recipe);
  await said(`1 of ${plan.photos?.length}`);
  const files = await saved(page, plan.downloads);
  await choose(page, "#photos", [plan.model ?? ""]);
  await page.waitForSelector("#message:not([hidden])", WAIT);
  const message = await text(page, "#message");
  await said(`1 of ${plan.photos?.length}`);
  await page.click("#next");
  await said(`2 of ${plan.photos?.length}`);
  return { message, ...files };
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

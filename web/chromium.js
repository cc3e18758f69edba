// A Chromium without a window: the machine's, or else the one that npm brings for Linux on x86-64.

import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

import { launch } from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
const UNPACKED = join(import.meta.dirname, "node_modules", ".chromium");
const PACKAGED_RUNS = process.platform === "linux" && process.arch === "x64";
const OPTIONS = [
  "--no-sandbox", // it needs rights that containers seldom give, and nothing but our own page is opened
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // Chromium's own services would ask the network
];

/**
 * Start it.
 *
 * @param {string[]} options of its command line
 */
export async function start(options) {
  const own = installed();
  return launch({
    executablePath: own ?? (await packaged()),
    args: [...OPTIONS, ...options],
    headless: own ? true : "shell",
    protocolTimeout: 300_000,
  });
}

/** Unpack npm's Chromium, which takes some seconds, if it is needed and runs here. */
export async function prepare() {
  if (!installed() && PACKAGED_RUNS) await packaged();
}

function installed() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), MAC];
  return places.find((place) => existsSync(place));
}

async function packaged() {
  if (!PACKAGED_RUNS) throw new Error("there is no Chromium; install Chromium or Google Chrome");
  mkdirSync(UNPACKED, { recursive: true });
  const before = process.env.TMPDIR ?? "/tmp";
  process.env.TMPDIR = UNPACKED; // where it is unpacked to, once
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs24.x"; // makes it bring its libraries, too
  const { default: chromium } = await import("@sparticuz/chromium");
  const path = await chromium.executablePath();
  process.env.TMPDIR = before;
  return path;
}

// A Chromium without a window: the machine's, or else the one that npm brings for Linux.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import packaged from "@sparticuz/chromium";
import { launch } from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/**
 * Start it.
 *
 * @param {string[]} options of its command line
 */
export async function start(options) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), MAC];
  const own = places.find((place) => existsSync(place));
  return launch({
    executablePath: own ?? (await packaged.executablePath()),
    // Without a sandbox: it needs rights that containers seldom give, and nothing but our own page is opened
    args: [...(own ? [] : packaged.args), "--no-sandbox", ALONE, ...options],
    headless: own ? true : "shell",
    protocolTimeout: 300_000,
  });
}

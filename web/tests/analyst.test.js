// Questions to the thread with the models, with a thread that never comes to be.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Analyst } from "../src/analyst.js";

test("where the worker cannot be loaded, what was asked and what is asked later both end", async () => {
  /** @type {Worker[]} */
  const started = [];
  class Worker {
    /** @type {((event: { message: string }) => void) | undefined} */
    onerror;
    constructor() {
      started.push(this);
    }
    postMessage() {}
  }
  Object.assign(globalThis, { Worker });
  const analyst = new Analyst();
  const before = analyst.info();
  started[0].onerror?.({ message: "" });
  await assert.rejects(before, /files are incomplete/);
  await assert.rejects(analyst.info(), /files are incomplete/);
});

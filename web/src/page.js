// The page: where pictures come from, and what is shown of them.

import { Analyst } from "./analyst.js";
import { Camera } from "./camera.js";
import { show, toPng } from "./drawing.js";
import { Explanation } from "./explanation.js";
import { list } from "./faces.js";
import { decode } from "./photos.js";
import { save, toJson } from "./saving.js";

/**
 * @import { Shown } from "./drawing.js"
 * @import { ModelInfo } from "./metadata.js"
 * @import { Result } from "./saving.js"
 */

const SAMPLE = "astronaut.jpg";

const analyst = new Analyst();
const camera = new Camera();
/** @type {File[]} */
let chosen = []; // photos; empty while the camera is on
/** @type {(Result & { file: Blob })[]} */
let results = []; // of the photos that are shown: the chosen ones, once the first of them is done
let current = 0; // which of them is shown
/** @type {Shown | null} */
let shown = null;
let model = "emotion.onnx";

const picture = /** @type {HTMLCanvasElement} */ (document.getElementById("picture"));
const stage = element("stage");
const explanation = new Explanation(/** @type {HTMLDialogElement} */ (document.getElementById("explanation")), analyst);

/**
 * Return the element of the page that has an id.
 *
 * @param {string} id
 */
function element(id) {
  return /** @type {HTMLElement & { disabled: boolean }} */ (document.getElementById(id));
}

/**
 * Look at photos, one after the other, until others are chosen, and show the first as soon as it is done. Where
 * none can be read, what was shown before stays.
 *
 * @param {File[]} files
 */
async function look(files) {
  camera.stop();
  explanation.close();
  const before = chosen;
  chosen = files;
  /** @type {typeof results} */
  const looked = [];
  for (const file of files) {
    say(`Looking at ${file.name}…`);
    try {
      const faces = await analyst.photo(file, file.name);
      if (chosen !== files) return;
      looked.push({ name: file.name, model, faces, file });
      if (looked.length > 1) continue;
      results = looked;
      await turnTo(0);
    } catch (error) {
      complain(error);
    }
  }
  if (chosen !== files) return;
  if (!looked.length) chosen = before; // they are still shown
  if (results.length) tell();
  else say("");
}

/**
 * Show one of the photos.
 *
 * @param {number} index
 */
async function turnTo(index) {
  const all = results;
  const { file, name, faces } = all[index];
  const bitmap = await decode(file, name);
  if (results !== all) return bitmap.close();
  current = index;
  display({ bitmap, faces });
  tell();
}

/** Say which photo is shown, and offer those beside it. */
function tell() {
  const { name, faces } = results[current];
  const place = results.length > 1 ? `${current + 1} of ${results.length}: ` : "";
  say(`${place}${count(faces.length)} in ${name}`);
  for (const id of ["before", "next"]) element(id).hidden = results.length < 2;
  element("before").disabled = current === 0;
  element("next").disabled = current === results.length - 1;
}

/** @param {Shown} next */
function display(next) {
  shown?.bitmap.close();
  shown = next;
  picture.hidden = false;
  element("invitation").hidden = true;
  show(picture, shown);
  list(element("faces"), shown.faces, results.length ? (face) => void explanation.open(face) : null);
  element("none").textContent = "No face was found. Small, hidden or turned faces are missed.";
  element("none").hidden = shown.faces.length > 0;
  for (const id of ["save-picture", "save-json"]) element(id).disabled = false;
}

async function toggleCamera() {
  if (camera.isOn) {
    camera.stop();
    return;
  }
  chosen = [];
  results = [];
  for (const id of ["before", "next"]) element(id).hidden = true;
  say("Waiting for the camera…");
  element("camera").setAttribute("aria-pressed", "true");
  element("status").ariaLive = "off"; // it changes with each frame
  /** @type {number[]} */
  const times = [];
  try {
    await camera.watch(analyst, (next) => {
      display(next);
      times.push(performance.now());
      if (times.length > 20) times.shift();
      const rate = (1000 * (times.length - 1)) / (times[times.length - 1] - times[0]);
      say(`${count(next.faces.length)}${Number.isFinite(rate) ? `, ${rate.toFixed(0)} frames a second` : ""}`);
    });
  } catch (error) {
    complain(error);
    say("");
  } finally {
    element("camera").setAttribute("aria-pressed", String(camera.isOn));
    element("status").ariaLive = "polite";
  }
}

/**
 * Let a model of the user's own answer, also for the photos that are chosen already.
 *
 * @param {File} file
 */
async function use(file) {
  try {
    describe(await analyst.model(file, file.name), file.name);
    if (chosen.length) await look([...chosen]);
    else say(`${file.name} answers from now on`);
  } catch (error) {
    complain(error);
  }
}

/**
 * Say which model answers, how good it is, and on what that was measured.
 *
 * @param {ModelInfo} info
 * @param {string} name of its file
 */
function describe({ recipe, score, classes, data }, name) {
  model = name;
  const scores = Object.entries(score).map(([key, value]) => `${key.replaceAll("_", " ")} ${value}`);
  element("recipe").textContent = [recipe, ...scores].join("; ");
  const rows = { File: name, Trained: recipe, Measured: scores.join(", ") || "not at all", Classes: classes.join(", "), Data: data };
  element("card").replaceChildren(
    ...Object.entries(rows).flatMap(([key, value]) => [
      Object.assign(document.createElement("dt"), { textContent: key }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]),
  );
}

/** @param {Iterable<File>} files that were dropped or pasted */
function take(files) {
  element("message").hidden = true;
  const [models, photos] = [[...files].filter(isModel), [...files].filter((file) => !isModel(file))];
  if (models.length) void use(models[0]);
  if (photos.length) void look(photos);
}

/** @param {File} file */
function isModel(file) {
  return file.name.toLowerCase().endsWith(".onnx");
}

/** @param {number} faces */
function count(faces) {
  return faces === 0 ? "no face found" : faces === 1 ? "1 face" : `${faces} faces`;
}

/** @param {string} text */
function say(text) {
  element("status").textContent = text;
}

/** @param {unknown} error */
function complain(error) {
  element("message").textContent = error instanceof Error ? error.message : String(error);
  element("message").hidden = false;
}

/**
 * Let a button open a choice of files.
 *
 * @param {string} button
 * @param {string} id of the input
 * @param {(files: File[]) => void} then
 */
function chooses(button, id, then) {
  const input = /** @type {HTMLInputElement} */ (document.getElementById(id));
  element(button).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    element("message").hidden = true;
    then([...(input.files ?? [])]);
    input.value = ""; // the same file can be chosen again
  });
}

chooses("choose", "photos", (files) => void look(files));
chooses("choose-model", "model-file", ([file]) => void use(file));
element("camera").addEventListener("click", () => {
  element("message").hidden = true;
  void toggleCamera();
});
element("sample").addEventListener("click", async () => {
  const response = await fetch(`samples/${SAMPLE}`);
  take([new File([await response.blob()], SAMPLE)]);
});
element("before").addEventListener("click", () => turnTo(current - 1));
element("next").addEventListener("click", () => turnTo(current + 1));
element("save-picture").addEventListener("click", async () => {
  const name = results[current]?.name ?? "camera.png";
  if (shown) save(await toPng(shown), `${name.replace(/\.[^.]*$/, "")}.faces.png`);
});
element("save-json").addEventListener("click", () => {
  const live = [{ name: "camera", model, faces: shown?.faces ?? [] }];
  save(toJson(results.length ? results : live), "faces.json");
});
addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
addEventListener("dragover", (event) => {
  event.preventDefault();
  stage.classList.add("over");
});
addEventListener("dragleave", () => stage.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  stage.classList.remove("over");
  take(event.dataTransfer?.files ?? []);
});
addEventListener("unhandledrejection", ({ reason }) => complain(reason)); // such as a picture too large to save
addEventListener("resize", () => shown && show(picture, shown));

analyst.info().then((info) => describe(info, model), complain);

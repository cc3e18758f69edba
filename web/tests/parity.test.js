// Python's answers, which tests/browser/test_modules.py leaves in the file that INPUTS names, against ours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decode, merge } from "../src/blazeface.js";
import { around, cut, frame } from "../src/crop.js";
import { letterbox, tiles } from "../src/detector.js";
import { UserError, modelInfo, readMetadata } from "../src/metadata.js";

const inputs = JSON.parse(readFileSync(process.env.INPUTS ?? "", "utf-8"));

/** @param {string} text */
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
/** @param {string} text */
const floats = (text) => new Float32Array(bytes(text).buffer);

/**
 * @param {{ data: string, width: number, height: number }} picture
 * @returns {import("../src/pictures.js").Picture}
 */
const picture = ({ data, width, height }) => ({ data: new Uint8ClampedArray(bytes(data)), width, height, channels: 4 });

/**
 * @param {number[]} actual
 * @param {number[]} expected
 */
function assertNear(actual, expected) {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-6, `${value} is not ${expected[i]}`));
}

/**
 * The runner's own message for two arrays lists each number.
 *
 * @param {ArrayLike<number>} actual
 * @param {ArrayLike<number>} expected
 */
function assertSame(actual, expected) {
  assert.equal(actual.length, expected.length);
  const others = Array.from(actual, (value, i) => Math.abs(value - expected[i])).filter((distance) => distance !== 0);
  assert.equal(others.length, 0, `${others.length} differ, by ${others.slice(0, 5)}`);
}

const photo = picture(inputs.photo);

for (const { square, size, pixels } of inputs.crops) {
  test(`a crop of ${JSON.stringify(square)} has Pillow's ${size}×${size} pixels`, () => {
    assertSame(cut(photo, square, size).data, bytes(pixels));
  });
}

for (const { box, points, framing, square, around: places } of inputs.frames) {
  test(`the square of box ${box.map(Math.round)} is Python's`, () => {
    assert.deepEqual(frame(box, points, framing), square);
    assert.deepEqual(around(square), places);
  });
}

for (const { picture: given, pixels, scale, corner } of inputs.letterboxes) {
  test(`the detector is given the same numbers of ${given.width}×${given.height} pixels`, () => {
    const box = letterbox(picture(given));
    assertSame(box.pixels, floats(pixels));
    assert.deepEqual([box.scaleX, box.scaleY], scale);
    assert.deepEqual([box.left, box.top], corner);
  });
}

for (const { size, tiles: expected } of inputs.tiles) {
  test(`a photo of ${size} has Python's tiles`, () => {
    assert.deepEqual([...tiles(size[0], size[1])], expected);
  });
}

test("the network's answer means the same faces, in the same order", () => {
  const { regressors, logits, boxes, points, scores } = inputs.answers;
  const faces = merge(decode(floats(regressors), floats(logits), 0.55));
  assertNear(faces.map((face) => face.score), scores);
  faces.forEach((face, i) => {
    assertNear(face.box, boxes[i]);
    assertNear(face.points, points[i]);
  });
});

test("a model's metadata are read from its file", () => {
  assert.deepEqual(readMetadata(bytes(inputs.model), "m.onnx"), inputs.metadata);
  const info = modelInfo(bytes(inputs.model), "m.onnx");
  assert.deepEqual(info.classes, JSON.parse(inputs.metadata.classes));
  assert.equal(info.side, 48);
  assert.deepEqual(info.framing, JSON.parse(inputs.metadata.crop));
  assert.deepEqual(info.score, JSON.parse(inputs.metadata.score));
});

test("a model that says nothing of its framing has Python's", () => {
  assert.deepEqual(modelInfo(bytes(inputs.bare), "m.onnx").framing, inputs.framing);
});

test("what is no model of this pipeline is refused by name", () => {
  const model = bytes(inputs.model);
  /** @param {Uint8Array} file */
  const refusal = (file) => {
    try {
      modelInfo(file, "m.onnx");
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.message;
    }
    return "";
  };
  assert.match(refusal(new TextEncoder().encode("hello, world")), /^m.onnx is not an ONNX model$/);
  assert.match(refusal(model.subarray(0, model.length - 3)), /^m.onnx is not an ONNX model$/);
  assert.match(refusal(new Uint8Array()), /^m.onnx names no classes/);
});

// What an exported model says about itself: the custom metadata of its ONNX file, which the runtime's
// JavaScript does not give. emotion/inference/metadata.py writes them.

/** @import { Framing } from "./crop.js" */

/**
 * A model of this pipeline.
 *
 * @typedef {object} ModelInfo
 * @property {string[]} classes in the order of the probabilities
 * @property {number} side pixels of the input's side
 * @property {Framing} framing how a face is cut out for it
 * @property {string} recipe what was trained, and how
 * @property {Record<string, number | string>} score what was measured
 * @property {string} data hash of the data that it was trained on
 */

/** A mistake that the user can mend; the message says how. */
export class UserError extends Error {}

// Of a model that says nothing of it, as in emotion/inference/crop.py
const FRAMING = { side: 1.12, rise: 0.12 };
// Field numbers of onnx.proto: ModelProto.metadata_props, and key and value of StringStringEntryProto
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;
// Wire types of protobuf
const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH = 2;
const FOUR_BYTES = 5;

/**
 * Return what the metadata of a model file say.
 *
 * @param {Uint8Array} file
 * @param {string} name of the file, for the message
 * @returns {ModelInfo}
 * @throws {UserError} it is not a model of this pipeline
 */
export function modelInfo(file, name) {
  const metadata = readMetadata(file, name);
  if (!("classes" in metadata)) {
    throw new UserError(`${name} names no classes: it is not a model of this pipeline`);
  }
  try {
    const crop = JSON.parse(metadata.crop ?? "{}");
    return {
      classes: JSON.parse(metadata.classes).map(String),
      side: Number.parseInt(metadata.side, 10),
      framing: { side: Number(crop.side ?? FRAMING.side), rise: Number(crop.rise ?? FRAMING.rise) },
      recipe: metadata.recipe ?? "unknown recipe",
      score: JSON.parse(metadata.score ?? "{}"),
      data: metadata.data ?? "",
    };
  } catch (error) {
    throw new UserError(`${name} has metadata that cannot be read (${error})`);
  }
}

/**
 * Return the custom metadata of an ONNX file.
 *
 * @param {Uint8Array} file
 * @param {string} name of the file, for the message
 * @throws {UserError} it is not an ONNX file
 */
export function readMetadata(file, name) {
  const text = new TextDecoder();
  /** @type {Record<string, string>} */
  const metadata = {};
  try {
    for (const [number, content] of fields(file)) {
      if (number === METADATA_PROPS) {
        const entry = new Map(fields(content));
        metadata[text.decode(entry.get(KEY))] = text.decode(entry.get(VALUE));
      }
    }
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${name} is not an ONNX model`);
    throw error;
  }
  return metadata;
}

/**
 * Yield number and content of each field of a protobuf message; numbers have no content here.
 *
 * @param {Uint8Array} message
 * @returns {Generator<[number, Uint8Array]>}
 * @throws {RangeError} it is no such message
 */
function* fields(message) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= message.length || scale > 2 ** 63) throw new RangeError("the message ends too early");
      const byte = message[at++];
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag % 8;
    let length = 0;
    if (wire === VARINT) varint();
    else if (wire === EIGHT_BYTES) length = 8;
    else if (wire === LENGTH) length = varint();
    else if (wire === FOUR_BYTES) length = 4;
    else throw new RangeError(`${wire} is no wire type`);
    if (at + length > message.length) throw new RangeError("the message ends too early");
    yield [Math.floor(tag / 8), message.subarray(at, at + length)];
    at += length;
  }
}

// What the numbers of BlazeFace mean: emotion/inference/blazeface.py in JavaScript.

export const SIDE = 256; // pixels of the network's input, both ways
const MAPS = [[16, 2], [8, 6]]; // cells along a side of a map of the network, and anchors in each cell
const ROW = 16; // numbers: middle, size and six points, in x and y
const SAME_FACE = 0.3; // overlap from which boxes are of one face: MediaPipe's
const LOGIT_LIMIT = 80; // far beyond what float32 tells from a probability of 0 or 1

/**
 * A face in one picture.
 *
 * @typedef {object} Detection
 * @property {number[]} box left, top, right and bottom in pixels
 * @property {number[]} points x and y in pixels: right eye, left eye, nose, mouth, right ear, left ear
 * @property {number} score 0 to 1
 */

const ANCHORS = MAPS.flatMap(([cells, inEach]) =>
  Array.from({ length: cells * cells * inEach }, (_, i) => {
    const cell = Math.floor(i / inEach);
    return [cell % cells, Math.floor(cell / cells)].map((step) => ((step + 0.5) * SIDE) / cells);
  }),
);

/**
 * Return the rows of the network's answer that it takes for a face, several for each.
 *
 * @param {Float32Array} regressors 896 rows of 16, in pixels relative to the row's anchor
 * @param {Float32Array} logits 896, of the score
 * @param {number} least score from which a row counts
 * @returns {Detection[]}
 */
export function decode(regressors, logits, least) {
  /** @type {Detection[]} */
  const found = [];
  ANCHORS.forEach(([anchorX, anchorY], i) => {
    const score = 1 / (1 + Math.exp(-Math.min(Math.max(logits[i], -LOGIT_LIMIT), LOGIT_LIMIT)));
    const [x, y, width, height, ...points] = regressors.subarray(i * ROW, (i + 1) * ROW);
    if (score < least || !(width > 0 && height > 0)) return;
    const [middleX, middleY] = [x + anchorX, y + anchorY];
    found.push({
      box: [middleX - width / 2, middleY - height / 2, middleX + width / 2, middleY + height / 2],
      points: points.map((value, k) => value + (k % 2 ? anchorY : anchorX)),
      score,
    });
  });
  return found;
}

/**
 * Return one box for each face, by falling score: the mean of all that overlap its best one, weighted by their
 * scores.
 *
 * @param {Detection[]} found
 * @returns {Detection[]}
 */
export function merge(found) {
  let left = found.toSorted((a, b) => b.score - a.score);
  /** @type {Detection[]} */
  const faces = [];
  while (left.length) {
    const best = left[0];
    const near = left.map((other, i) => i === 0 || overlap(best.box, other.box) > SAME_FACE);
    const group = left.filter((_, i) => near[i]);
    const total = group.reduce((sum, { score }) => sum + score, 0);
    /** @param {(face: Detection) => number[]} values */
    const mean = (values) =>
      values(best).map((_, k) => group.reduce((sum, face) => sum + (face.score / total) * values(face)[k], 0));
    faces.push({ box: mean((face) => face.box), points: mean((face) => face.points), score: best.score });
    left = left.filter((_, i) => !near[i]);
  }
  return faces;
}

/**
 * Return the intersection over union of two boxes.
 *
 * @param {number[]} one
 * @param {number[]} other
 */
function overlap(one, other) {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  const intersection = Math.max(width, 0) * Math.max(height, 0);
  return intersection / (area(one) + area(other) - intersection);
}

/** @param {number[]} box */
function area([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}

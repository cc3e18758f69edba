"""What the numbers of BlazeFace mean: its anchors, boxes, points and scores, and one box for each face.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, and the
graph of MediaPipe's back-camera model, whose constants stand here.
"""

from dataclasses import dataclass

import numpy as np

SIDE = 256  # pixels of the network's input, both ways
# Cells along a side of each map of the network, and anchors in each cell: one map of 16 pixels a cell, and
# three of 32 pixels a cell that share one; each contributes two anchors
MAPS = ((16, 2), (8, 6))
POINTS = 6  # the person's right eye, left eye, nose, mouth, right ear, left ear
SAME_FACE = 0.3  # overlap from which boxes are of one face: MediaPipe's
LOGIT_LIMIT = 80.0  # far beyond what float32 tells from a probability of 0 or 1


@dataclass(frozen=True)
class Detections:
    """Faces in one picture; entry i of each array belongs to the same face.

    Attributes:
        boxes: float64 (N, 4), left, top, right and bottom in pixels.
        points: float64 (N, 6, 2), x and y in pixels, in the order that POINTS has.
        scores: float64 (N,), 0 to 1.
    """

    boxes: np.ndarray
    points: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: np.ndarray) -> "Detections":
        return Detections(self.boxes[chosen], self.points[chosen], self.scores[chosen])


def anchors() -> np.ndarray:
    """Return the middles of the cells in the order of the network's rows, float64 (896, 2), in pixels."""
    maps = []
    for cells, in_each in MAPS:
        middles = (np.arange(cells) + 0.5) * SIDE / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        maps.append(np.stack([x, y], axis=-1).reshape(-1, 2).repeat(in_each, axis=0))
    return np.concatenate(maps)


ANCHORS = anchors()


def decode(regressors: np.ndarray, logits: np.ndarray, least: float) -> Detections:
    """Return the rows of the network's answer that it takes for a face, several for each.

    Args:
        regressors: float32 (896, 16): middle, width and height of the box, and six points, in pixels
            relative to the row's anchor.
        logits: float32 (896,), of the score.
        least: the score from which a row counts.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -LOGIT_LIMIT, LOGIT_LIMIT)))
    found = np.flatnonzero((scores >= least) & (regressors[:, 2:4] > 0).all(axis=1))  # few of the 896
    pairs = regressors[found].astype(np.float64).reshape(-1, 2 + POINTS, 2)
    cells = ANCHORS[found]
    middles, sizes = pairs[:, 0] + cells, pairs[:, 1]
    boxes = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1)
    return Detections(boxes, pairs[:, 2:] + cells[:, None], scores[found])


def merge(found: Detections, same: float = SAME_FACE) -> Detections:
    """Return one box for each face: the mean of all that overlap its best one, weighted by their scores.

    That is weighted non-maximum suppression, as MediaPipe does it; the score is that of the best box, and
    the faces come by falling score.

    Args:
        found: from `decode`.
        same: intersection over union from which two boxes are of one face.
    """
    left = np.argsort(-found.scores, kind="stable")
    faces = []
    while len(left):
        near = overlap(found.boxes[left[0]], found.boxes[left]) > same
        near[0] = True
        group = found[left[near]]
        weights = group.scores / group.scores.sum()
        faces.append((weights @ group.boxes, np.tensordot(weights, group.points, 1), group.scores[0]))
        left = left[~near]
    if not faces:
        return found
    boxes, points, scores = zip(*faces, strict=True)
    return Detections(np.array(boxes), np.array(points), np.array(scores))


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the intersection over union of a box, float (4,), with each of others, float (N, 4)."""
    inner = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = inner.clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shares: np.ndarray = intersection / ((box[2:] - box[:2]).prod() + areas - intersection)
    return shares

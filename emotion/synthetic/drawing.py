"""The drawing of faces: brows, lids, nose and mouth where action units move them, the rest at random.

The head is an ellipsoid; each pixel's point on it is turned back to the view from straight ahead, where the
parts of the face are shapes with signed distances. Lengths are in half-widths of the head, x to the right
and y downward from its middle; shades are 0 (black) to 1 (white). A batch of faces is drawn at once: numbers
of a face are float32 (faces, 1, 1) and its pixels (faces, 48, 48). All arithmetic is of the kind that
IEEE 754 rounds exactly, so that the bytes are the same everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emotion.labels import SIDE

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 16, 20, 23, 25, 26, 43)  # those that have an effect here
EDGE = 0.06  # width of an anti-aliased edge: about a pixel

Units = dict[int, np.ndarray]  # strength of each action unit, 0 to 1 and a little over
Draw = Callable[[float, float], np.ndarray]  # a number for each face, uniform between two


def draw_batch(units: Units, random: np.random.Generator) -> np.ndarray:
    """Draw faces.

    Args:
        units: strength of every one of ACTION_UNITS, float32 (faces, 1, 1).
        random: decides everything else about the faces.

    Returns:
        uint8 (faces, 48, 48).
    """
    shape = units[1].shape

    def draw(low: float, high: float) -> np.ndarray:
        return random.uniform(low, high, shape).astype(np.float32)

    height = draw(1.22, 1.4)
    canvas, normals = _pose(height, draw)
    skin = draw(0.42, 0.85)
    strand = np.abs((draw(3, 7) * canvas.x + draw(-4, 4) * canvas.y) % 1 - 0.5)
    hair = np.minimum(draw(0.05, 0.55), skin - 0.15) * (1 + draw(-0.6, 0.6) * (strand - 0.25))

    _backdrop(canvas, skin, draw)
    head = _head(canvas, height, skin, hair, draw)
    eye_x, eye_y = draw(0.38, 0.45), draw(-0.3, -0.2)
    _cheeks_and_nose(canvas, units, draw)
    _beard(canvas, head, hair, draw)
    _mouth(canvas, units, skin, draw)
    _eyes(canvas, units, skin, eye_x, eye_y, draw)
    _brows(canvas, units, hair, eye_x, eye_y, draw)
    _fringe(canvas, head, hair, draw)
    _glasses(canvas, eye_x, eye_y, draw)
    _light(canvas, normals, head, draw)
    return _photograph(canvas.grey, random, draw)


@dataclass
class Canvas:
    """The pixels of a batch of faces, all float32 (faces, 48, 48).

    Attributes:
        grey: the shades so far.
        flat_x: position in the plane of the picture, upright with the head.
        flat_y: the same, downward.
        x: position on the head, as seen from straight ahead.
        y: the same, downward.
    """

    grey: np.ndarray
    flat_x: np.ndarray
    flat_y: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def paint(self, coverage: np.ndarray, shade: np.ndarray | float) -> None:
        """Cover the pixels by `coverage` 0 to 1 with an opaque shade."""
        self.grey += coverage * (shade - self.grey)

    def darken(self, coverage: np.ndarray) -> None:
        """Take away the share `coverage` of the light; a negative one adds light."""
        self.grey *= 1 - coverage


def _inside(distance: np.ndarray) -> np.ndarray:
    """Return the coverage of a shape by the signed distance from its edge, negative within."""
    return np.clip(0.5 - distance / EDGE, 0, 1)


def _bump(dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Return a soft spot: 1 in the middle, 0 from the unit circle outward."""
    return np.asarray(np.maximum(0, 1 - dx * dx - dy * dy) ** 2)


def _radius(dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Return the distance from the origin."""
    return np.asarray(np.sqrt(dx * dx + dy * dy))


def _pose(height: np.ndarray, draw: Draw) -> tuple[Canvas, tuple[np.ndarray, ...]]:
    """Place the head: shift, size, roll, and yaw and pitch by turning each point of the ellipsoid back.

    Returns:
        An empty canvas, and the x, y and z of the surface normals, as if the head were a sphere.
    """
    pixel = ((np.arange(SIDE, dtype=np.float32) + 0.5) / (SIDE / 2) - 1)[None]
    size = draw(0.84, 1.0)
    column = (pixel[:, None, :] - draw(-0.07, 0.07)) / size
    row = (pixel[:, :, None] - draw(-0.17, -0.03)) / size
    flat_x, flat_y = _turned(column, row, draw(-0.07, 0.07))
    across, down = flat_x, flat_y / height
    depth = np.sqrt(np.maximum(0, 1 - across * across - down * down))
    x, ahead = _turned(across, depth, draw(-0.15, 0.15))
    y = _turned(down, ahead, draw(-0.05, 0.05))[0] * height
    return Canvas(np.empty_like(x), flat_x, flat_y, x, y), (across, down, depth)


def _turned(a: np.ndarray, b: np.ndarray, half_tangent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn the axes a and b by an angle, given as the tangent of its half for exact arithmetic."""
    square = half_tangent * half_tangent
    cosine, sine = (1 - square) / (1 + square), 2 * half_tangent / (1 + square)
    return a * cosine + b * sine, b * cosine - a * sine


def _backdrop(canvas: Canvas, skin: np.ndarray, draw: Draw) -> None:
    """Draw a wall with a gradient, a neck and a collar."""
    canvas.grey[:] = draw(0.05, 0.95) + draw(-0.2, 0.2) * canvas.flat_x + draw(-0.2, 0.2) * canvas.flat_y
    aside = np.abs(canvas.flat_x)
    canvas.paint(_inside(np.maximum(aside - draw(0.5, 0.65), 0.7 - canvas.flat_y)), skin * draw(0.55, 0.8))
    canvas.paint(_inside(draw(1.2, 1.5) + draw(-0.2, 0.5) * aside - canvas.flat_y), draw(0.05, 0.95))


def _head(canvas: Canvas, height: np.ndarray, skin: np.ndarray, hair: np.ndarray, draw: Draw) -> np.ndarray:
    """Draw the hair behind the head, ears and the bare head; return the head's coverage."""
    aside, down = np.abs(canvas.flat_x), canvas.flat_y / height
    mane = _radius(aside / draw(1.05, 1.25), down / draw(1.03, 1.12)) - 1
    canvas.paint(_inside(np.maximum(mane, canvas.flat_y - draw(-0.6, 1.2))), hair)
    ear = _radius((aside - 1) / 0.14, (canvas.flat_y + 0.05) / 0.27) - 1
    canvas.paint(_inside(0.14 * ear), skin * 0.85)
    jaw = 1 + draw(0.0, 0.18) * np.maximum(0, down) * down
    head = _inside(_radius(aside * jaw, down) - 1)
    canvas.paint(head, skin)
    return head


def _fringe(canvas: Canvas, head: np.ndarray, hair: np.ndarray, draw: Draw) -> None:
    """Draw the hair over the forehead and temples."""
    square = canvas.x * canvas.x
    line = (
        draw(-1.1, -0.75)
        + draw(-0.2, 0.2) * canvas.x
        + draw(0.1, 0.4) * square
        + draw(0, 0.7) * square * square * square
    )
    canvas.paint(_inside(canvas.y - line) * head, hair)


def _cheeks_and_nose(canvas: Canvas, units: Units, draw: Draw) -> None:
    """Draw the shadows and folds of the middle of the face: AU 4, 6, 9, 10 and 12 deepen them."""
    x, y, aside = canvas.x, canvas.y, np.abs(canvas.x)
    tip, width = draw(0.18, 0.3) - 0.08 * units[9], draw(0.13, 0.18) * (1 + 0.3 * units[9])
    canvas.darken(0.35 * _bump((aside - 0.36) / 0.36, (y + 0.3) / 0.25))
    canvas.darken(-0.2 * _bump(x / 0.1, (y - 0.05) / 0.35))
    canvas.darken(draw(0.1, 0.3) * _bump((x - 0.14 * np.sign(draw(-1, 1))) / 0.1, (y + 0.02) / 0.4))
    canvas.darken(0.65 * _bump((aside - 0.55 * width) / 0.09, (y - tip - 0.02) / 0.06))
    canvas.darken(0.4 * _bump((aside - width) / 0.06, (y - tip + 0.06) / 0.12))

    furrow = _bump((aside - 0.07) / 0.05, (y + 0.45) / 0.2)
    canvas.darken(0.6 * units[4] * furrow)
    for wrinkle in (-0.24, -0.1):
        canvas.darken(0.6 * units[9] * _bump(x / 0.16, (y - wrinkle - 1.5 * x * x) / 0.05))
    lifted = units[12] + units[9] + 0.6 * units[10]
    along = (y - tip + 0.05) / 0.45
    fold = 0.08 + width + 0.3 * along * (1 - 0.2 * along)
    canvas.darken((0.06 + 0.4 * lifted) * _bump((aside - fold) / 0.07, (along - 0.45) / 0.65))
    canvas.darken(-0.15 * (units[6] + 0.4 * units[9]) * _bump((aside - 0.5) / 0.22, (y - 0.18) / 0.2))


def _eyes(
    canvas: Canvas, units: Units, skin: np.ndarray, eye_x: np.ndarray, eye_y: np.ndarray, draw: Draw
) -> None:
    """Draw the eyes: AU 5 opens them; 6, 7, 9 and 43 narrow them."""
    half = draw(0.19, 0.24)
    narrow = 0.35 * units[7] + 0.3 * units[6] + 0.35 * units[9]
    upper = draw(0.085, 0.12) * np.maximum(0.15, 1 + 0.9 * units[5] - narrow - 0.9 * units[43])
    lower = draw(0.05, 0.075) * np.maximum(0.1, 1 + 0.3 * units[5] - narrow - 0.6 * units[6])
    side = np.abs(canvas.x) - eye_x
    across = side / half
    lens = 1 - across * across
    y = canvas.y - eye_y - draw(-0.1, 0.1) * side
    lid, rim = -upper * lens, lower * lens
    eye = _inside(np.maximum(lid - y, y - rim))
    iris = _radius(canvas.x - np.sign(canvas.x) * eye_x - draw(-0.06, 0.06), y - draw(-0.02, 0.02))
    canvas.paint(eye, np.minimum(1, 0.35 + 0.75 * skin))
    canvas.paint(eye * _inside(iris - 0.1), draw(0.08, 0.35))
    canvas.paint(eye * _inside(iris - 0.045), 0.03)

    near = np.maximum(0, np.abs(across) - 1.05) * half
    canvas.paint(0.8 * _inside(_radius(near, np.maximum(0, np.abs(y - lid) - 0.015)) - 0.01), 0.08)
    canvas.darken(0.3 * _inside(_radius(near, y - rim) - 0.02))
    crease = lid - 0.1 - 0.05 * units[5]
    canvas.darken(0.35 * _inside(_radius(near, y - crease) - 0.02))
    bag = _bump(across / 1.2, (y - rim - 0.1) / 0.07)
    canvas.darken((0.1 + 0.35 * units[6] + 0.2 * units[7]) * bag)


def _brows(
    canvas: Canvas, units: Units, hair: np.ndarray, eye_x: np.ndarray, eye_y: np.ndarray, draw: Draw
) -> None:
    """Draw the brows: AU 1 raises the inner ends, 2 the outer; 4 lowers and draws them together."""
    inner = eye_x - draw(0.24, 0.28) - 0.06 * units[4]
    outer = eye_x + draw(0.24, 0.32)
    along = (np.abs(canvas.x) - inner) / (outer - inner)
    inward, outward = 1 - along, along
    arch = draw(0.02, 0.1) + 0.1 * units[1] * units[2] * (1 - units[4])
    lift = (
        (0.2 * units[1] - 0.2 * units[4] - 0.08 * units[9]) * inward
        + (0.24 * units[2] - 0.03 * units[4]) * outward
        - 0.1 * units[1] * (1 - units[2]) * outward
        + arch * 4 * along * inward
        + draw(-0.03, 0.03) * (2 * along - 1)
    )
    middle = eye_y - draw(0.2, 0.26) - lift
    thick = draw(0.025, 0.06) * (1.2 - 0.5 * along)
    beyond = np.maximum(0, np.abs(along - 0.5) - 0.5) * (outer - inner)
    brow = _radius(beyond, canvas.y - middle) - thick
    canvas.paint(draw(0.6, 0.95) * _inside(brow), np.minimum(hair, 0.35) * 0.8)


def _mouth(canvas: Canvas, units: Units, skin: np.ndarray, draw: Draw) -> None:
    """Draw the mouth.

    AU 12 raises the corners, 15 lowers them, 20 stretches; 25 and 26 part the lips and drop the jaw; 10
    raises the upper lip, 16 lowers the lower one; 23 presses both.
    """
    smile, jaw = units[12], units[26]
    half = draw(0.28, 0.36) * (1 + 0.35 * smile + 0.4 * units[20] - 0.25 * jaw - 0.1 * units[23])
    across = (canvas.x - draw(-0.02, 0.02)) / half
    curve = across * across
    lens = np.maximum(0, 1 - curve)
    corners = -0.16 * smile + 0.2 * units[15] + 0.06 * units[20] + draw(-0.03, 0.03)
    y = canvas.y - draw(0.58, 0.68) - corners * (curve - 0.4) - 0.03 * draw(-1, 1) * across
    round_lens = np.sqrt(lens)
    up = lens * (0.16 * units[10] + 0.06 * units[25] + 0.02 * smile - 0.02) + 0.1 * jaw * round_lens
    down = lens * (0.12 * units[25] + 0.12 * units[16] + 0.08 * smile - 0.02) + 0.28 * jaw * round_lens
    up, down = np.maximum(0, up), np.maximum(0, down)
    beyond = (np.abs(across) - 1) * half

    press = 1 - 0.75 * units[23]
    thick_up, thick_down = draw(0.05, 0.09) * press * lens, draw(0.07, 0.12) * press * lens
    lips = np.maximum(np.maximum(-up - thick_up - y, y - down - thick_down), beyond)
    canvas.paint(_inside(lips), skin * draw(0.6, 0.85))
    gap = np.maximum(np.maximum(-up - y, y - down), beyond)
    mouth = _inside(gap - 0.012)
    canvas.paint(mouth, 0.08)
    teeth = np.minimum(0.13, 0.8 * (up + down)) * (1 - 0.5 * jaw)
    bare = np.minimum(1, 2 * (smile + units[10] + 0.6 * units[20]))
    canvas.paint(bare * _inside(np.maximum(gap + 0.02, y + up - teeth)), 0.92)
    canvas.darken(0.3 * _bump(across, (y - down - thick_down - 0.08) / 0.09))
    canvas.darken(0.5 * _bump((np.abs(across) - 1.05) / 0.2, y / 0.07))


def _beard(canvas: Canvas, head: np.ndarray, hair: np.ndarray, draw: Draw) -> None:
    """Draw a beard, shaved or not, on one face in six."""
    jaw = np.clip(4 * _radius(canvas.x, (canvas.y - 0.1) / 0.95) - 2, 0, 1) * np.clip(2 * canvas.y, 0, 1)
    canvas.paint(head * (draw(0, 1) < 1 / 6) * draw(0.2, 0.7) * jaw, hair)


def _glasses(canvas: Canvas, eye_x: np.ndarray, eye_y: np.ndarray, draw: Draw) -> None:
    """Draw glasses on one face in eight."""
    aside = np.abs(canvas.x)
    rim = np.abs(_radius((aside - eye_x) / 1.15, canvas.y - eye_y - 0.03) - draw(0.24, 0.28)) - 0.02
    bridge = np.maximum(np.abs(canvas.y - eye_y), aside - eye_x + 0.28)
    worn = (draw(0, 1) < 1 / 8) * draw(0.6, 1.0)
    canvas.paint(worn * _inside(np.minimum(rim, bridge - 0.02)), draw(0.02, 0.3))


def _light(canvas: Canvas, normals: tuple[np.ndarray, ...], head: np.ndarray, draw: Draw) -> None:
    """Shade the head by a lamp somewhere in front of it."""
    across, down, depth = normals
    lamp = draw(-0.5, 0.5) * across + draw(-0.6, 0.2) * down + draw(0.3, 0.7) * depth
    canvas.grey *= 1 + head * (draw(0.6, 0.9) + 0.55 * lamp - 1)


def _photograph(grey: np.ndarray, random: np.random.Generator, draw: Draw) -> np.ndarray:
    """Return uint8 pixels: blurred, with a random contrast and brightness, and noisy."""
    here = np.arange(SIDE)
    for axis in (1, 2):
        blur = draw(0.0, 0.25)
        before = grey.take(np.maximum(here - 1, 0), axis)
        after = grey.take(np.minimum(here + 1, SIDE - 1), axis)
        grey = grey + blur * (before + after - 2 * grey)
    grey = 0.5 + draw(0.65, 1.2) * (grey - 0.5) + draw(-0.12, 0.12)
    grey += draw(0.0, 0.07) * (random.random(grey.shape, np.float32) - random.random(grey.shape, np.float32))
    return (np.clip(grey, 0, 1) * 255).round().astype(np.uint8)

"""A camera's faces, live: in a window where there is one, else as lines on the terminal."""

import os
import sys
import time
from typing import Any

import numpy as np

from emotion.inference.drawing import annotated
from emotion.inference.recognizer import EmotionRecognizer
from emotion.inference.reports import json_line
from emotion.runtime.errors import UserError

TITLE = "emotions: q ends"


def watch(recognizer: EmotionRecognizer, number: int, as_json: bool) -> None:
    """Name the emotions in front of a camera until Ctrl-C, q in the window, or the camera's end.

    Args:
        recognizer: the models.
        number: of the camera; 0 is the first.
        as_json: print a JSON object for each frame in place of a line.

    Raises:
        UserError: OpenCV is not installed, or there is no such camera.
    """
    cv2 = _cv2()
    camera = cv2.VideoCapture(number)
    frame = 0
    try:
        if not camera.isOpened():
            raise UserError(f"camera {number} is not there or in use; the first is 0")
        windows = _has_windows(cv2)
        start = time.monotonic()
        while True:
            given, picture = camera.read()
            if not given:
                break
            photo = np.ascontiguousarray(picture[..., ::-1])  # OpenCV gives BGR
            faces = recognizer.predict(photo, live=True)  # whoever sits at a camera is near
            seconds = round(time.monotonic() - start, 3)
            if as_json:
                print(
                    json_line(f"camera {number}", faces, str(recognizer.path), frame=frame, seconds=seconds),
                    flush=True,
                )
            else:
                said = ", ".join(f"{face.emotion} {face.probabilities[face.emotion]:.0%}" for face in faces)
                print(f"\r\033[K{seconds:8.1f} s  {said or 'no face'}", end="", flush=True)
            if windows:
                cv2.imshow(TITLE, np.asarray(annotated(photo, faces))[..., ::-1])
                if cv2.waitKey(1) & 0xFF == ord("q"):
                    break
            frame += 1
    except KeyboardInterrupt:  # the way to end it
        print(file=sys.stderr)
    finally:
        camera.release()
    if not frame:
        raise UserError(f"camera {number} gave no picture")


def _cv2() -> Any:
    """Return OpenCV.

    Raises:
        UserError: it is not installed.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # its own lines would come beside ours
    try:
        import cv2
    except ImportError as error:
        raise UserError("a camera needs OpenCV; run: pip install opencv-python") from error
    return cv2


def _has_windows(cv2: Any) -> bool:
    """Say whether OpenCV can open a window: its headless build cannot, and no build without a screen."""
    try:
        cv2.namedWindow(TITLE)
    except cv2.error:
        return False
    return True

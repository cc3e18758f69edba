"""From a photo to the emotions of its faces, with ONNX Runtime, NumPy and Pillow alone."""

from emotion.inference.recognizer import EmotionRecognizer, Face

__all__ = ["EmotionRecognizer", "Face"]

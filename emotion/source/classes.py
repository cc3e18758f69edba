"""The numbers of FER-2013's classes, by the names that people give them."""

from emotion.labels import CLASSES

# How data sets and folders spell the classes, in lower case; the number comes from CLASSES alone, so that no
# order of an alphabet can change it.
_SPELLINGS = {
    "Angry": ("angry", "anger"),
    "Disgust": ("disgust", "disgusted"),
    "Fear": ("fear", "fearful"),
    "Happiness": ("happiness", "happy"),
    "Sad": ("sad", "sadness"),
    "Surprise": ("surprise", "surprised"),
    "Neutral": ("neutral",),
}
_NUMBERS = {spelling: number for number, name in enumerate(CLASSES) for spelling in _SPELLINGS[name]}


def class_number(name: str) -> int | None:
    """Return the number in FER-2013 of a class by its name, in any case, or None for another name."""
    return _NUMBERS.get(name.strip().lower())

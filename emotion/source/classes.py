"""The numbers of the classes, by the names that people give them."""

from emotion.config.names import OF_NAMES, composed, is_class_name
from emotion.labels import CLASSES

OWN_CLASSES = "classes of your own: data.classes"
# How data sets and folders spell FER-2013's classes, in lower case
_SPELLINGS = {
    "Angry": ("angry", "anger"),
    "Disgust": ("disgust", "disgusted"),
    "Fear": ("fear", "fearful"),
    "Happiness": ("happiness", "happy"),
    "Sad": ("sad", "sadness"),
    "Surprise": ("surprise", "surprised"),
    "Neutral": ("neutral",),
}


class Classes:
    """The classes of a table of faces: the number of each follows from their order in `names` alone.

    So no order of an alphabet, such as that of folders, can change it.

    Attributes:
        names: by their numbers.
        numeric: whether one of them is a number, such as 1: then a 1 in a CSV is that name.
    """

    def __init__(self, names: tuple[str, ...] = CLASSES) -> None:
        self.names = names
        self.numeric = any(name.isdecimal() for name in names)
        spelled = _SPELLINGS if names == CLASSES else {}
        self._numbers = {
            spelling: number
            for number, name in enumerate(names)
            for spelling in spelled.get(name, (name.lower(),))
        }

    def number(self, name: str) -> int | None:
        """Return the number of a class by its name, in any case, or None for another name."""
        return self._numbers.get(composed(name).strip().lower())

    def others(self, names: list[str]) -> list[str]:
        """Return those of the names that are no class."""
        return [name for name in names if self.number(name) is None]

    def remedy(self, found: list[str]) -> str:
        """Say which the classes are, and how to have those that were found, if any, instead."""
        named = list(dict.fromkeys(map(composed, found)))
        these = f"the classes are {', '.join(self.names)}"
        if not named:
            return f"{these}; put each picture into a folder that is called as its class"
        if odd := [name for name in named if not is_class_name(name)]:
            return f"{these}; for others, rename '{odd[0]}' first: {OF_NAMES}"
        return f"{these}; for others: data.classes: [{', '.join(map(_in_yaml, named))}]"


def _in_yaml(name: str) -> str:
    """Return a name as YAML has it: quoted if it were a number or null without."""
    plain = name[0].isalpha() and name.lower() not in ("null", "true", "false")
    return name if plain else "'" + name.replace("'", "''") + "'"

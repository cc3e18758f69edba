"""What a class may be called."""

import re
import unicodedata

# Names of classes stand in CSV and JSON, in figures and pages, and are names of folders
CLASS_NAME = re.compile(r"\w([\w .()+&'-]*[\w)+])?")
LONGEST_NAME = 40
OF_NAMES = f"a name has 1 to {LONGEST_NAME} letters, digits and spaces"


def is_class_name(name: str) -> bool:
    """Say whether a class can have this name."""
    letters = "".join(sign for sign in composed(name) if not unicodedata.category(sign).startswith("M"))
    return len(name) <= LONGEST_NAME and CLASS_NAME.fullmatch(letters) is not None


def composed(name: str) -> str:
    """Return a name with ü as one sign: macOS writes folders with two, a letter and the dots above it."""
    return unicodedata.normalize("NFC", name)

"""Facts about each row of a FER-2013 CSV, in the frame that Great Expectations judges.

It has one row for each row of the CSV and never holds the pixels. Its first columns carry the names of the
CSV's own header, so that the suite judges the real one; facts about the row follow.
"""

import numpy as np
import pandas as pd

from emotion.data.duplicates import constant, differ_within, duplicate_groups
from emotion.labels import CLASSES
from emotion.source.fer2013 import FIRST_LINE, UNKNOWN, USAGES, Table

KNOWN_FAULTS = {
    "constant": "images of a single grey value",
    "duplicates": "rows whose image stands in an earlier row",
    "cross_split": "rows whose image also stands in another part of Usage",
    "conflicting": "rows whose image also stands under another label",
    "near_duplicates": "rows whose image looks like that of an earlier row",
}
OF_CSV = " (of the CSV)"  # is added to the name of a column that a fact has, too
FACTS = ("line", "fields", "pixel_count", "non_integers", "out_of_range", *KNOWN_FAULTS)


def facts_of(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the columns of facts: of FER-2013's classes, whose shares are known, one each."""
    return (*FACTS, *(CLASSES if classes == CLASSES else ()))


def row_facts(table: Table, alike: np.ndarray | None = None) -> pd.DataFrame:
    """Return the frame that the suite judges.

    First the header's columns: `emotion` is the label, `pixels` a number that equal images share,
    `Usage` its name; any other column is empty. Then those of `facts_of`: `line` is the row's line in an
    editor, the known faults and the classes are 0 or 1. An image that is not whole has no known fault.

    Args:
        table: the CSV.
        alike: integers (rows,), the same for images that look alike; None if none was looked for: then no row
            is a near-duplicate.
    """
    emotion = pd.Series(table.emotion, dtype="Int32").mask(table.emotion == UNKNOWN)
    parts = np.where(table.usage == UNKNOWN, len(USAGES), table.usage)
    usage = pd.Series(pd.Categorical.from_codes(parts, pd.Index([*USAGES, "unknown"])))
    whole = table.whole
    groups = duplicate_groups(table.images)
    image = pd.Series(groups, dtype="Int32").mask(~whole)
    labelled = whole & (table.emotion != UNKNOWN)

    known = {"emotion": emotion, "pixels": image, "usage": usage}
    header = [known.get(name.lower()) for name in table.columns]  # the suite's look-up ignores case
    frame = pd.DataFrame(dict(enumerate(header)), index=range(len(table)))
    names_of_facts = facts_of(table.classes)
    taken = {name.lower() for name in names_of_facts}
    names = [f"{name}{OF_CSV}" if name.lower() in taken else name for name in table.columns]
    frame.columns = pd.Index(names, dtype=object)
    facts = pd.DataFrame(
        {
            "line": np.arange(len(table), dtype=np.int32) + FIRST_LINE,
            "fields": table.fields,
            "pixel_count": table.pixel_count,
            "non_integers": table.non_integers,
            "out_of_range": table.out_of_range,
            "constant": whole & constant(table.images),
            "duplicates": _repeats(groups, whole),
            "cross_split": _differ(groups, table.usage, whole),
            "conflicting": _differ(groups, table.emotion, labelled),
            "near_duplicates": np.zeros(len(table), bool) if alike is None else _repeats(alike, whole),
        }
        | {name: table.emotion == label for label, name in enumerate(names_of_facts[len(FACTS) :])}
    )
    small = {name: np.int8 for name in facts if facts[name].dtype == bool}  # a tenth of the memory
    return pd.concat([frame, facts.astype(small)], axis=1)


def near_duplicates(table: Table, alike: np.ndarray) -> pd.DataFrame:
    """Return the near-duplicates: the line of each, and the line of the first image that it looks like.

    Args:
        table: the CSV.
        alike: integers (rows,), the same for images that look alike.
    """
    whole = table.whole
    lines = pd.Series(np.arange(len(table)) + FIRST_LINE)[whole]
    first = lines.groupby(alike[whole]).transform("first")
    return pd.DataFrame({"line": lines, "like_line": first})[lines != first]


def _repeats(groups: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return which rows, bool (N,), count and are of a group of which an earlier one does."""
    return np.asarray(counted & pd.Series(groups, dtype="Int32").mask(~counted).duplicated())


def _differ(groups: np.ndarray, values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return which rows, bool (N,), count and are of a group whose counted rows have more than one value."""
    found = np.zeros(len(groups), bool)
    found[counted] = differ_within(groups[counted], values[counted])
    return found

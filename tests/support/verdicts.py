"""The verdict of the stage `validate` on a CSV, with limits that a few rows can keep."""

import json
from pathlib import Path
from typing import Any

from emotion.config.schema import ValidateParams
from stages.validate import validate
from tests.support.csvs import ROWS

LIMITS: dict[str, Any] = {
    "rows": ROWS,
    "dataset": "fer2013",
    "class_tolerance": 0.02,
    "refuse_constant": 1.0,
    "refuse_duplicates": 1.0,
    "max_constant": 0,
    "max_duplicates": 0,
    "max_cross_split": 0,
    "max_conflicting": 0,
    "max_near_duplicates": 0,
    "near_distance": None,
}


def verdict(csv: Path, **limits: Any) -> dict[str, Any]:
    """Validate a CSV beside which the outputs are written, and return the verdict that was written."""
    validate(csv, ValidateParams(**LIMITS | limits), csv.with_suffix(".json"), csv.with_suffix(""))
    content: dict[str, Any] = json.loads(csv.with_suffix(".json").read_text())
    return content

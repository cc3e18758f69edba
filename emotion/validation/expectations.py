"""What a FER-2013 CSV must look like: the suite of expectations over the frame of facts."""

from typing import Any

import great_expectations.expectations as gxe
import numpy as np

from emotion.config.schema import ValidateParams
from emotion.labels import CLASSES
from emotion.source.fer2013 import COLUMNS, PIXELS, PUBLISHED_COUNTS, USAGES
from emotion.validation.facts import FACTS, KNOWN_FAULTS

REFUSED = ("constant", "duplicates")  # known faults that block where they are frequent: these are no faces


def expectations(params: ValidateParams) -> list[Any]:
    """Return the expectations, in the order in which a person reads them, with the limits of params.yaml."""
    rows, tolerance = params.rows, params.class_tolerance
    counted = f"exactly {rows:,} rows" if rows is not None else "at least one row"
    published = dict(zip(CLASSES, np.array(PUBLISHED_COUNTS) / sum(PUBLISHED_COUNTS), strict=True))
    return [
        gxe.ExpectTableColumnsToMatchOrderedList(
            column_list=[*COLUMNS, *FACTS],
            **_named("columns", f"the header is {','.join(COLUMNS)} (facts about the row follow)"),
        ),
        _every_row("fields", len(COLUMNS), f"every row has {len(COLUMNS)} fields"),
        gxe.ExpectColumnValuesToNotBeNull(
            column="emotion", **_named("emotion_integer", "every emotion is an integer")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="emotion",
            value_set=list(range(len(CLASSES))),
            **_named("emotion_class", f"every emotion is a class 0 to {len(CLASSES) - 1}"),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="Usage",
            value_set=list(USAGES),
            **_named("usage", f"every Usage is {', '.join(USAGES[:-1])} or {USAGES[-1]}"),
        ),
        _every_row("pixel_count", PIXELS, f"every row has exactly {PIXELS:,} pixels"),
        _every_row("non_integers", 0, "every pixel value is an integer"),
        _every_row("out_of_range", 0, "every pixel value is 0 to 255"),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=1 if rows is None else rows, max_value=rows, **_named("rows", counted)
        ),
        _every_class(blocks=rows is not None),
        *(
            gxe.ExpectColumnMeanToBeBetween(
                column=name,
                min_value=share - tolerance,
                max_value=share + tolerance,
                **_named(
                    f"share_{name.lower()}",
                    f"the share of {name} is within {tolerance:g} of the published {share:.4f}",
                ),
            )
            for name, share in published.items()
        ),
        *(
            gxe.ExpectColumnMeanToBeBetween(
                column=name,
                min_value=0,
                max_value=share,
                **_named(f"share_{name}", f"at most {100 * share:g} % are {KNOWN_FAULTS[name]}"),
            )
            for name in REFUSED
            for share in [getattr(params, f"refuse_{name}")]
        ),
        *(
            gxe.ExpectColumnSumToBeBetween(
                column=name,
                min_value=0,
                max_value=ceiling,
                severity="warning",
                **_named(name, f"at most {ceiling:,} {what} (only a warning)"),
            )
            for name, what in KNOWN_FAULTS.items()
            for ceiling in [getattr(params, f"max_{name}")]
        ),
    ]


def _every_class(blocks: bool) -> Any:
    """Return the expectation that no class is absent; of a CSV whose rows are not known it only warns."""
    warned = "" if blocks else " (only a warning: classes of your own would be shown under FER-2013's names)"
    return gxe.ExpectColumnDistinctValuesToContainSet(
        column="emotion",
        value_set=list(range(len(CLASSES))),
        severity="critical" if blocks else "warning",
        **_named("every_class", f"rows of every class{warned}"),
    )


def _named(name: str, description: str) -> dict[str, Any]:
    return {"meta": {"name": name}, "description": description}


def _every_row(column: str, value: int, description: str) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=value, max_value=value, **_named(column, description)
    )

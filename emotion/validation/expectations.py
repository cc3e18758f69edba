"""What the CSV must look like: the suite of expectations over the frame of facts."""

from collections.abc import Iterator
from typing import Any

import great_expectations.expectations as gxe

from emotion.config.schema import ValidateParams
from emotion.labels import CLASSES
from emotion.source.fer2013 import COLUMNS, PIXELS, PUBLISHED_COUNTS, USAGES
from emotion.validation.facts import KNOWN_FAULTS, facts_of

REFUSED = ("constant", "duplicates")  # known faults that block where they are frequent: these are no faces


def expectations(params: ValidateParams, classes: tuple[str, ...] = CLASSES) -> list[Any]:
    """Return the expectations, in the order in which a person reads them, with the limits of params.yaml.

    Args:
        params: the limits; `dataset` says whether those hold that come from FER-2013 itself.
        classes: the names of the classes, by their numbers.
    """
    rows, published = params.rows, params.dataset == "fer2013"
    counted = f"exactly {rows:,} rows" if rows is not None else "at least one row"
    return [
        gxe.ExpectTableColumnsToMatchOrderedList(
            column_list=[*COLUMNS, *facts_of(classes)],
            **_named("columns", f"the header is {','.join(COLUMNS)} (facts about the row follow)"),
        ),
        _every_row("fields", len(COLUMNS), f"every row has {len(COLUMNS)} fields"),
        gxe.ExpectColumnValuesToNotBeNull(
            column="emotion", **_named("emotion_integer", "every emotion is an integer")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="emotion",
            value_set=list(range(len(classes))),
            **_named("emotion_class", f"every emotion is a class 0 to {len(classes) - 1}"),
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
        _every_class(classes),
        *(_published_shares(params.class_tolerance) if published else ()),
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
        *(_known_faults(params) if published else ()),
    ]


def _every_class(classes: tuple[str, ...]) -> Any:
    """Return the expectation that no class is absent: one without faces cannot be learnt or scored."""
    return gxe.ExpectColumnDistinctValuesToContainSet(
        column="emotion",
        value_set=list(range(len(classes))),
        **_named("every_class", "rows of every class (data.classes names them)"),
    )


def _published_shares(tolerance: float) -> Iterator[Any]:
    """Yield the expectation of the share of each of FER-2013's classes."""
    for name, count in zip(CLASSES, PUBLISHED_COUNTS, strict=True):
        share = count / sum(PUBLISHED_COUNTS)
        yield gxe.ExpectColumnMeanToBeBetween(
            column=name,
            min_value=share - tolerance,
            max_value=share + tolerance,
            **_named(
                f"share_{name.lower()}",
                f"the share of {name} is within {tolerance:g} of the published {share:.4f}",
            ),
        )


def _known_faults(params: ValidateParams) -> Iterator[Any]:
    """Yield a warning for each kind of fault of which there may be no more than FER-2013 is known to have."""
    for name, what in KNOWN_FAULTS.items():
        if name == "near_duplicates" and params.near_distance is None:
            continue
        ceiling = getattr(params, f"max_{name}")
        yield gxe.ExpectColumnSumToBeBetween(
            column=name,
            min_value=0,
            max_value=ceiling,
            severity="warning",
            **_named(name, f"at most {ceiling:,} {what} (only a warning)"),
        )


def _named(name: str, description: str) -> dict[str, Any]:
    return {"meta": {"name": name}, "description": description}


def _every_row(column: str, value: int, description: str) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=value, max_value=value, **_named(column, description)
    )

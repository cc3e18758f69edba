"""What a FER-2013 CSV must look like: a Great Expectations suite over a small frame of facts.

The frame has one row for each row of the CSV and never holds the pixels. Its first columns carry the
names of the CSV's own header, so that the suite judges the real one; facts about the row follow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from emotion.duplicates import duplicate_groups
from emotion.fer2013 import (
    COLUMNS,
    FIRST_LINE,
    PIXELS,
    PUBLISHED_COUNTS,
    UNKNOWN,
    USAGES,
    Table,
)
from emotion.labels import CLASSES

KNOWN_FAULTS = {
    "constant": "images of a single grey value",
    "duplicates": "rows whose image stands in an earlier row",
    "cross_split": "rows whose image also stands in another part of Usage",
    "conflicting": "rows whose image also stands under another label",
}
FACTS = ("line", "fields", "pixel_count", "non_integers", "out_of_range", *KNOWN_FAULTS, *CLASSES)
LINES = 5  # offending lines that are named
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}Z|\d{8}T\d{6}\.\d{6}Z")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIGNS = """<style>
  td, th { border: 1px solid #ccc; padding: 0.3em }
  .fas.fa-check-circle::before { content: "\\2713"; font-family: sans-serif }
  .fas.fa-times::before { content: "\\2717"; font-family: sans-serif }
</style>
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    Attributes:
        name: its key in the metrics.
        description: what is expected, in words.
        status: ok, WARNING or FAILED; only FAILED blocks.
        observed: what was found, in words.
        lines: the first lines of the CSV that offend, where single lines do; the header is line 1.
    """

    name: str
    description: str
    status: str
    observed: str
    lines: tuple[int, ...]


def row_facts(table: Table) -> pd.DataFrame:
    """Return the frame that the suite judges.

    First the header's columns: `emotion` is the label, `pixels` a number that equal images share,
    `Usage` its name; any other column is empty. Then FACTS: `line` is the row's line in an editor,
    the known faults and the classes are 0 or 1. An image that is not whole has no known fault.
    """
    emotion = pd.Series(table.emotion, dtype="Int64").mask(table.emotion == UNKNOWN)
    usage = pd.Series(table.usage).map(dict(enumerate(USAGES))).fillna("unknown")
    whole = table.whole
    image = pd.Series(duplicate_groups(table.images), dtype="Int64").mask(~whole)
    flat = table.images.reshape(len(table), PIXELS)

    known = {"emotion": emotion, "pixels": image, "usage": usage}
    header = [known.get(name.lower()) for name in table.columns]  # the suite's look-up ignores case
    frame = pd.DataFrame(dict(enumerate(header)), index=range(len(table)))
    taken = {name.lower() for name in FACTS}
    names = [f"{name} (of the CSV)" if name.lower() in taken else name for name in table.columns]
    frame.columns = pd.Index(names, dtype=object)
    facts = pd.DataFrame(
        {
            "line": np.arange(len(table)) + FIRST_LINE,
            "fields": table.fields,
            "pixel_count": table.pixel_count,
            "non_integers": table.non_integers,
            "out_of_range": table.out_of_range,
            "constant": whole & (flat.min(axis=1) == flat.max(axis=1)),
            "duplicates": whole & image.duplicated(),
            "cross_split": usage.groupby(image).transform("nunique") > 1,
            "conflicting": emotion.groupby(image).transform("nunique") > 1,
        }
        | {name: table.emotion == label for label, name in enumerate(CLASSES)}
    )
    return pd.concat([frame, facts.astype(int)], axis=1)


def expectations(rows: int | None, class_tolerance: float, ceilings: Mapping[str, int]) -> list[Any]:
    """Return the expectations, in the order in which a person reads them.

    Args:
        rows: how many rows the CSV must have; None accepts any number but 0.
        class_tolerance: how far the share of a class may be from the published one, 0 to 1.
        ceilings: how many rows may have each of KNOWN_FAULTS before there is a warning.
    """
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
        *(
            gxe.ExpectColumnMeanToBeBetween(
                column=name,
                min_value=share - class_tolerance,
                max_value=share + class_tolerance,
                **_named(
                    f"share_{name.lower()}",
                    f"the share of {name} is within {class_tolerance:g} of the published {share:.4f}",
                ),
            )
            for name, share in published.items()
        ),
        *(
            gxe.ExpectColumnSumToBeBetween(
                column=name,
                min_value=0,
                max_value=ceilings[name],
                severity="warning",
                **_named(name, f"at most {ceilings[name]:,} {what} (only a warning)"),
            )
            for name, what in KNOWN_FAULTS.items()
        ),
    ]


def judge(frame: pd.DataFrame, expected: list[Any], docs: Path) -> list[Outcome]:
    """Check a frame of `row_facts` and write the Data Docs; return an outcome for each expectation.

    Args:
        frame: the facts.
        expected: the suite's expectations.
        docs: folder that gets index.html and the pages that it leads to.
    """
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.absolute())}
    site = {"class_name": "SiteBuilder", "show_how_to_buttons": False, "store_backend": backend}
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites={"validation": site},
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=config)

    asset = context.data_sources.add_pandas("csv").add_dataframe_asset("fer2013")
    suite = context.suites.add(gx.ExpectationSuite(name="fer2013", expectations=expected))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name="fer2013", data=asset.add_batch_definition_whole_dataframe("rows"), suite=suite
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="fer2013",
            validation_definitions=[definition],
            actions=[gx.checkpoint.UpdateDataDocsAction(name="docs")],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["line"]},
        )
    )
    run = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=RunIdentifier(run_name="validate"))
    (result,) = run.run_results.values()
    _make_reproducible(docs)
    _make_readable_offline(docs)

    found = {each.expectation_config.meta["name"]: each for each in result.results}
    return [_outcome(found[each.meta["name"]], frame) for each in expected]


def _named(name: str, description: str) -> dict[str, Any]:
    return {"meta": {"name": name}, "description": description}


def _every_row(column: str, value: int, description: str) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=value, max_value=value, **_named(column, description)
    )


def _outcome(result: Any, frame: pd.DataFrame) -> Outcome:
    config = result.expectation_config
    found: dict[str, Any] = result.result
    name = config.meta["name"]
    lines: list[int] = []
    if name in KNOWN_FAULTS and not result.success:
        lines = frame.loc[frame[name] == 1, "line"].head(LINES).tolist()
    elif found.get("unexpected_count"):
        lines = [int(row["line"]) for row in found["unexpected_index_list"][:LINES]]
    failed = "FAILED" if config.severity == "critical" else "WARNING"
    return Outcome(
        name=name,
        description=config.description,
        status="ok" if result.success else failed,
        observed=_observed(name, found),
        lines=tuple(lines),
    )


def _observed(name: str, found: Mapping[str, Any]) -> str:
    """Return in words what Great Expectations found; it finds nothing where the column is missing."""
    if "unexpected_count" in found:
        return f"all but {found['unexpected_count']:,}" if found["unexpected_count"] else "all"
    if name == "columns":
        return ",".join(found["observed_value"][: -len(FACTS)])
    value = found.get("observed_value")
    if value is None:
        return "not judged"
    return f"{value:.4f}" if name.startswith("share_") else f"{value:,.0f}"


def _make_reproducible(docs: Path) -> None:
    """Take the time of the run and random identities out of the Data Docs: the same CSV, the same bytes."""
    (run,) = (page.parent for page in (docs / "validations").rglob("*.html"))
    run.rename(run.with_name("run"))
    for page in docs.rglob("*.html"):
        text = TIME.sub("undated", page.read_text(encoding="utf-8"))
        page.write_text(UUID.sub("", text), encoding="utf-8")


def _make_readable_offline(docs: Path) -> None:
    """Let the Data Docs do without the style sheets and scripts that they load from the Internet.

    The index, a list made by a script, leads straight to the only validation instead, and the signs
    for success and failure become characters.
    """
    (validation,) = (docs / "validations").rglob("*.html")
    text = validation.read_text(encoding="utf-8")
    validation.write_text(text.replace("</head>", f"{SIGNS}</head>", 1), encoding="utf-8")
    target = validation.relative_to(docs).as_posix()
    (docs / "index.html").write_text(
        '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Validation of FER-2013</title>\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n<a href="{target}">The validation</a>\n',
        encoding="utf-8",
    )

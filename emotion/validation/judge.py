"""The suite applied to a frame of facts by Great Expectations: an outcome for each expectation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from emotion.labels import CLASSES
from emotion.validation.docs import finish_docs
from emotion.validation.facts import FACTS, KNOWN_FAULTS, OF_CSV

LINES = 5  # offending lines that are named


@dataclass(frozen=True)
class Outcome:
    """The outcome of one expectation.

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


def judge(
    frame: pd.DataFrame, expected: list[Any], docs: Path, classes: tuple[str, ...] = CLASSES
) -> list[Outcome]:
    """Check a frame of `row_facts` and write the Data Docs; return an outcome for each expectation.

    Args:
        frame: the facts.
        expected: the suite's expectations.
        docs: folder that gets index.html and the pages that it leads to.
        classes: their names, by their numbers.
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
    finish_docs(docs)

    found = {each.expectation_config.meta["name"]: each for each in result.results}
    return [_outcome(found[each.meta["name"]], frame, classes) for each in expected]


def _outcome(result: Any, frame: pd.DataFrame, classes: tuple[str, ...]) -> Outcome:
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
        observed=_observed(name, found, classes),
        lines=tuple(lines),
    )


def _observed(name: str, found: Mapping[str, Any], classes: tuple[str, ...]) -> str:
    """Return in words what Great Expectations found; it finds nothing where the column is missing."""
    if "unexpected_count" in found:
        return f"all but {found['unexpected_count']:,}" if found["unexpected_count"] else "all"
    if name == "columns":
        columns = found["observed_value"]
        return ",".join(name.removesuffix(OF_CSV) for name in columns[: columns.index(FACTS[0])])
    if "partial_missing_list" in found:
        absent = ", ".join(classes[label] for label in found["partial_missing_list"])
        return f"none of {absent}" if absent else "all"
    value = found.get("observed_value")
    if value is None:
        return "not judged"
    return f"{value:.4f}" if name.startswith("share_") else f"{value:,.0f}"

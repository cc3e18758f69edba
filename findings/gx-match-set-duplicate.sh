#!/bin/sh
# Great Expectations finds that a table with a column too many has exactly the expected columns.
#
# great-expectations 1.24.1 with pandas 3.1.1. ExpectTableColumnsToMatchSet(exact_match=True) passes a
# table that has one of its columns twice, and its observed_value lists that column once: the
# result shows two columns where ExpectTableColumnCountToEqual counts three.
# One would expect the exact match to fail, or the result to list what is there. With the column twice,
# frame["pixels"] is a table and no longer a column, so what comes after the check breaks.
#
# Seen, for the columns emotion, pixels, pixels and the set {emotion, pixels}:
#   ExpectTableColumnsToMatchSet True ['emotion', 'pixels']
#   ExpectTableColumnCountToEqual False 3
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet great-expectations==1.24.1 pandas==3.1.1
export HOME="$work" GX_ANALYTICS_ENABLED=false

cd "$work"
venv/bin/python - <<'END'
import great_expectations as gx
import pandas
from great_expectations.data_context.types.base import ProgressBarsConfig

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = ProgressBarsConfig(globally=False)
asset = context.data_sources.add_pandas("faces").add_dataframe_asset("frame")
frame = pandas.DataFrame([[3, "70 80", "70 80"]], columns=["emotion", "pixels", "pixels"])
batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})

names = ["emotion", "pixels"]
matched = batch.validate(gx.expectations.ExpectTableColumnsToMatchSet(column_set=names, exact_match=True))
counted = batch.validate(gx.expectations.ExpectTableColumnCountToEqual(value=2))
print("ExpectTableColumnsToMatchSet", matched.success, matched.result["observed_value"])
print("ExpectTableColumnCountToEqual", counted.success, counted.result["observed_value"])
assert matched.success and matched.result["observed_value"] == names, "no longer so"
assert not counted.success and counted.result["observed_value"] == 3, "no longer so"
END

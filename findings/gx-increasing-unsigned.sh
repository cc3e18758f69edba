#!/bin/sh
# Great Expectations calls any column of unsigned integers increasing, a falling one included.
#
# great-expectations 1.24.1 with pandas 3.1.1. ExpectColumnValuesToBeIncreasing, strict or not, looks at the
# differences of neighbours, as pandas gives them. Those of unsigned integers (row numbers, labels, pixels)
# wrap around: 1 - 2 is 255 in uint8. So no order of the rows makes the check fail, except that the strict
# one finds equal neighbours, and ExpectColumnValuesToBeDecreasing fails a column that falls. pandas says so
# of its differences; Great Expectations says that the check works for numeric data.
# One would expect the result to depend on the values and not on whether their type has a sign.
#
# Seen, for the row numbers 4, 3, 2, 1:
#   int64 increasing False decreasing True
#   uint8 increasing True decreasing False
#   uint32 increasing True decreasing False
#   uint64 increasing True decreasing False
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
definition = asset.add_batch_definition_whole_dataframe("all")

for kind, increases in (("int64", False), ("uint8", True), ("uint32", True), ("uint64", True)):
    frame = pandas.DataFrame({"row": [4, 3, 2, 1]}, dtype=kind)
    batch = definition.get_batch({"dataframe": frame})
    increasing = batch.validate(gx.expectations.ExpectColumnValuesToBeIncreasing(column="row", strictly=True))
    decreasing = batch.validate(gx.expectations.ExpectColumnValuesToBeDecreasing(column="row", strictly=True))
    print(kind, "increasing", increasing.success, "decreasing", decreasing.success)
    assert (increasing.success, decreasing.success) == (increases, not increases), "no longer so"
END

#!/bin/sh
# One diverged run that DVCLive logged, and DVC can no longer sort the experiments by that metric.
#
# dvclive 3.49.1 with dvc 3.67.1. DVCLive writes a loss that is NaN into metrics.json as the string
# "nan". `dvc exp show --sort-by loss` then compares strings with numbers and ends in "unexpected
# error", for all experiments, good ones included, until the diverged one is removed.
# One would expect the run without a usable value at one end of the table, as is a run with none.
#
# Seen:
#   before the diverged run, lowest loss first: four two
#   after it: exit 255, unexpected error - '<' not supported between instances
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1 dvclive==3.49.1
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org

same() {  # same WHAT NOW SEEN
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "no longer so; seen was: $3" >&2; exit 1; }
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
echo 'lr: 1' >params.yaml
cat >train.py <<'END'
from dvclive import Live

rate = float(open("params.yaml").read().split()[1])
with Live("live", dvcyaml=None, save_dvc_exp=False, report=None) as live:
    live.log_metric("loss", 1 / rate if rate < 9 else float("nan"))
    live.next_step()
END
cat >dvc.yaml <<'END'
stages:
  train:
    cmd: python train.py
    params: [lr]
    metrics: [live/metrics.json]
END
git add .
git commit --quiet --message 'a stage'

dvc exp run --quiet --name two -S lr=2
dvc exp run --quiet --name four -S lr=4
order=$(dvc exp show --csv --sort-by loss 2>/dev/null | grep -E -o '^(two|four)' | paste -s -d ' ' -)
same 'before the diverged run, lowest loss first' "$order" 'four two'

dvc exp run --quiet --name nine -S lr=9
status=0
dvc exp show --csv --sort-by loss >"$work/table" 2>"$work/errors" || status=$?
error=$(grep -o "unexpected error - '<' not supported between instances" "$work/errors") || cat "$work/errors" >&2
same 'after it' "exit $status, $error" "exit 255, unexpected error - '<' not supported between instances"

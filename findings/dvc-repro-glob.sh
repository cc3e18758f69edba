#!/bin/sh
# DVC runs the whole pipeline when it is asked for the stages that match a pattern and none does.
#
# dvc 3.67.1. `dvc repro --glob 'evaluate-*'` where no stage has such a name runs all stages and ends
# with 0, as if no target had been given. The same misspelt name without --glob is an error, and
# nothing is run.
# One would expect an error, or at least that nothing is run: a typing error costs hours of training.
#
# Seen:
#   repro 'evaluate-*': exit 255, ran nothing
#   repro --glob 'evaluate-*': exit 0, ran prepare train
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
cat >dvc.yaml <<'END'
stages:
  prepare:
    cmd: echo prepare >> ran
  train:
    cmd: echo train >> ran
END

same() {  # same SEEN OPTION...: what the command with these options runs
    seen=$1
    shift
    rm -f ran
    status=0
    dvc repro --quiet "$@" 2>/dev/null || status=$?
    now="exit $status, ran $(sort ran 2>/dev/null | paste -s -d ' ' - | grep . || echo nothing)"
    echo "repro $*: $now"
    [ "$now" = "$seen" ] || { echo "no longer so; seen was: $seen" >&2; exit 1; }
}

same 'exit 255, ran nothing' 'evaluate-*'
same 'exit 0, ran prepare train' --glob 'evaluate-*'

#!/bin/sh
# DVC drops a combination of a matrix stage, without a word, when two combinations get the same name.
#
# dvc 3.67.1. A stage of a matrix is named after its values, joined by dashes; dashes within the values
# are kept as they are. So (small, wide-fer) and (small-wide, fer) are both `train@small-wide-fer`,
# and the later one takes the place of the earlier one. `dvc repro` ends with 0.
# One would expect four stages, or an error as for any other name that is given twice.
#
# Seen, with two values by two:
#   stages: train@small-fer train@small-wide-fer train@small-wide-wide-fer
#   trained: small on fer, small-wide on fer, small-wide on wide-fer
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1

same() {  # same WHAT NOW SEEN
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "no longer so; seen was: $3" >&2; exit 1; }
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
cat >dvc.yaml <<'END'
stages:
  train:
    matrix:
      net: [small, small-wide]
      data: [fer, wide-fer]
    cmd: echo "${item.net} on ${item.data}" >> trained
END
names=$(dvc stage list --name-only | sort | paste -s -d ' ' -)
same stages "$names" 'train@small-fer train@small-wide-fer train@small-wide-wide-fer'
dvc repro --quiet
same trained "$(sort trained | paste -s -d , - | sed 's/,/, /g')" \
    'small on fer, small-wide on fer, small-wide on wide-fer'

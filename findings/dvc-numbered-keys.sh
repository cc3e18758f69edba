#!/bin/sh
# DVC leaves out what has a number for its key when it turns a section of params.yaml into options.
#
# dvc 3.67.1. `${train}` in a command becomes one option for each parameter of the section, also of the
# sections in it. Class weights by label number, as Keras takes them, do not appear: no option, no warning.
# As they are not in the command, DVC does not follow them either, and `dvc status` finds all up to date
# after a change. By name of the class the same weights become options.
# One would expect options with the numbers in their names, or an error.
#
# Seen:
#   weights by number: --lr 0.1
#   status after a change: Data and pipelines are up to date.
#   weights by name: --lr 0.1 --class_weight.angry 1.0 --class_weight.disgust 5.0
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

mkdir "$work/project"
cd "$work/project"
dvc init --quiet --no-scm
printf 'train:\n  lr: 0.1\n  class_weight: {0: 1.0, 1: 9.4}\n' >params.yaml
cat >dvc.yaml <<'END'
stages:
  train:
    cmd: echo ${train} > options
    outs: [options]
END
dvc repro --quiet
same 'weights by number' "$(cat options)" '--lr 0.1'

printf 'train:\n  lr: 0.1\n  class_weight: {0: 1.0, 1: 5.0}\n' >params.yaml
same 'status after a change' "$(dvc status)" 'Data and pipelines are up to date.'

printf 'train:\n  lr: 0.1\n  class_weight: {angry: 1.0, disgust: 5.0}\n' >params.yaml
dvc repro --quiet
same 'weights by name' "$(cat options)" '--lr 0.1 --class_weight.angry 1.0 --class_weight.disgust 5.0'

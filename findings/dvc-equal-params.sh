#!/bin/sh
# DVC takes a new value of a parameter for the old one when Python calls the two equal.
#
# dvc 3.67.1. The stage ran with `flip: true`. `dvc exp run -S flip=1` writes 1 into params.yaml and
# skips the stage, because in Python True == 1 (likewise 3 == 3.0 and False == 0). The experiment is
# listed with flip 1, although its output was made with true; `dvc params diff` sees no difference.
# The 1 reaches the program at the next run of the stage, which has some other reason.
# One would expect the stage to run: YAML, JSON and the program that reads them tell true from 1.
#
# Seen:
#   after -S flip=1, params.yaml: flip: 1
#   after -S flip=1, the output: flip: true
#   dvc params diff:
#   flip in dvc exp show: 1
#   after -S lr=0.2, the output: flip: 1
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org

same() {  # same WHAT NOW SEEN
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "no longer so; seen was: $3" >&2; exit 1; }
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
printf 'flip: true\nlr: 0.1\n' >params.yaml
cat >dvc.yaml <<'END'
stages:
  train:
    cmd: grep flip params.yaml > model
    params: [flip, lr]
    outs: [model]
END
dvc repro --quiet
git add .
git commit --quiet --message 'flip is true'

dvc exp run --quiet --name one -S flip=1
same 'after -S flip=1, params.yaml' "$(grep flip params.yaml)" 'flip: 1'
same 'after -S flip=1, the output' "$(cat model)" 'flip: true'
same 'dvc params diff' "$(dvc params diff)" ''
same 'flip in dvc exp show' "$(dvc exp show --csv | grep ^one, | cut -d , -f 6)" 1

dvc exp run --quiet -S lr=0.2
same 'after -S lr=0.2, the output' "$(cat model)" 'flip: 1'

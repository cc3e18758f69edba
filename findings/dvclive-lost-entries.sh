#!/bin/sh
# DVCLive takes the metrics of `pretrain` out of dvc.yaml when the next stage logs to `train`.
#
# dvclive 3.49.1 with dvc 3.67.1. Before DVCLive writes its own entries into dvc.yaml, it removes those of
# the run before: all metrics, plots and parameters whose path contains the name of its folder and a slash,
# wherever that stands. `pretrain/metrics.json` contains `train/`, so the log of the pre-training is on disk
# but is no longer listed, and `dvc metrics show` does not know it. In the other order both stay. Entries
# that somebody wrote by hand go the same way.
# One would expect DVCLive to remove what lies in its own folder.
#
# Seen, in `dvc metrics show`:
#   after pretrain: pretrain/metrics.json
#   after train: train/metrics.json
#   after pretrain again: train/metrics.json pretrain/metrics.json
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

log() {  # log FOLDER
    python - "$1" <<'END'
import sys

from dvclive import Live

with Live(sys.argv[1], save_dvc_exp=False, report=None) as live:
    live.log_metric("loss", 0.5)
    live.next_step()
END
}

listed() {
    dvc metrics show | tail -n +2 | cut -d ' ' -f 1 | paste -s -d ' ' -
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
git commit --quiet --message 'an empty project'

log pretrain
same 'after pretrain' "$(listed)" pretrain/metrics.json
log train
same 'after train' "$(listed)" train/metrics.json
test -f pretrain/metrics.json
log pretrain
same 'after pretrain again' "$(listed)" 'train/metrics.json pretrain/metrics.json'

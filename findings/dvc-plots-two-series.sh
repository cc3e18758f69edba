#!/bin/sh
# `dvc plots show` makes one curve of two: the points of the last series, then the rest of a longer one.
#
# dvc 3.67.1. A JSON file has a series of points for each class, as DVC's documentation allows ("one or more
# arrays of objects"). Where the series have the same fields, DVC lays them over each other by position: the
# curve follows the class that comes last, and where an earlier class has more points, it ends in theirs. No
# class has this curve, and nothing is said.
# One would expect a curve for each class, one curve of all points, or an error.
#
# Seen, for the recall and precision of angry (4 points) and happy (2 points):
#   curves on the page: 1
#   its points: 0,0.9 1,0.8 0.7,0.3 1,0.2
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
cat >curves.json <<'END'
{
  "angry": [
    {"recall": 0, "precision": 0.5},
    {"recall": 0.3, "precision": 0.4},
    {"recall": 0.7, "precision": 0.3},
    {"recall": 1, "precision": 0.2}
  ],
  "happy": [
    {"recall": 0, "precision": 0.9},
    {"recall": 1, "precision": 0.8}
  ]
}
END
cat >dvc.yaml <<'END'
plots:
  - curves.json:
      x: recall
      y: precision
END
dvc plots show --json >page.json
cat >read.py <<'END'
import json

[plots] = json.load(open("page.json"))["data"].values()
points = plots[0]["content"]["data"]["values"]
print(len(plots))
print(*(f"{point['recall']},{point['precision']}" for point in points))
END
same 'curves on the page' "$(python read.py | sed -n 1p)" 1
same 'its points' "$(python read.py | sed -n 2p)" '0,0.9 1,0.8 0.7,0.3 1,0.2'

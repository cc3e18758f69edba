#!/bin/sh
# DVC shows one picture in the place of two when a slash in one path is an underscore in the other.
#
# dvc 3.67.1 with dvc-render 1.0.2. `dvc plots show` copies each picture into the folder of its page and
# replaces the slashes of the path by underscores. test/faces.svg and test_faces.svg thus become one
# file, which holds the picture that was copied last; the page shows it under both headings.
# One would expect two pictures, as the two have headings and places of their own on the page.
#
# Seen:
#   pictures on the page: 2
#   files beside the page: workspace_test_faces.svg
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1 dvc-render==1.0.2
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1

same() {  # same WHAT NOW SEEN
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "no longer so; seen was: $3" >&2; exit 1; }
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
mkdir test
for name in test/faces test_faces; do
    echo "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"48\" height=\"48\"><title>$name</title></svg>" >$name.svg
done
cat >dvc.yaml <<'END'
plots:
  - test/faces.svg
  - test_faces.svg
END
dvc plots show --quiet
same 'pictures on the page' "$(grep -c '<img' dvc_plots/index.html)" 2
same 'files beside the page' "$(ls dvc_plots/static)" workspace_test_faces.svg

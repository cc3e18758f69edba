#!/bin/sh
# The whole DAG on rendered faces, on a branch of its own: `make demo` calls this with the parameters.
set -eu

if [ "$(git branch --show-current)" != demo ]; then
    if ! git diff --quiet HEAD; then
        echo "error: there are uncommitted changes; commit them first: git commit -am '...'" >&2
        exit 1
    fi
    before=$(git branch --show-current)
    if git rev-parse --quiet --verify refs/heads/demo >/dev/null; then
        kept=demo-$(git rev-parse --short demo)
        git branch --force "$kept" demo
        echo "what the branch demo had is kept as $kept"
    fi
    git switch --quiet --force-create demo
    git config demo.before "${before:---detach $(git rev-parse demo)}"
fi

dvc exp run "$@"
git add params.yaml dvc.lock metrics plots
git diff --cached --quiet || git commit --quiet --message "The demo: rendered faces"

cat <<END

The table above is of rendered faces: it says nothing about real ones.
  figures       plots/*.png
  in a browser  dvc plots show --open
You are on the branch demo, where the run is committed. Try, without any network:
  source .venv/bin/activate
  dvc exp run -S train.lr=1e-4
  dvc metrics diff
Back to FER-2013:
  git switch --discard-changes $(git config demo.before)
END

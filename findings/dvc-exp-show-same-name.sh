#!/bin/sh
# In the table of `dvc exp show` a parameter with the name of a dependency shows the hash of another experiment.
#
# dvc 3.67.1. The parameter `model` says which network to build, and a stage depends on the file `model`. DVC
# puts the name of the file before parameters and metrics that share a name, but not before those that share
# it with a dependency. The table then has two columns `model`: both hold hashes, every second row is empty,
# and the others show the hash of a row further up. The values of the parameter are not there at all.
# One would expect the two columns to be kept apart, as those of equal names in two files are; at the least,
# that what stands in the row of an experiment is its own. `dvc exp show --json` has the right values.
#
# Seen (the three experiments have the parameter huge, large, medium and three different files):
#   Experiment,bytes,model,model
#   ,13,hash of small,hash of small
#   huge,12,,
#   large,13,hash of huge,hash of huge
#   medium,14,,
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
echo 'model: small' >params.yaml
cat >dvc.yaml <<'END'
stages:
  train:
    cmd: cp params.yaml model
    params: [model]
    outs: [model]
  evaluate:
    cmd: python evaluate.py
    deps: [model]
    metrics: [metrics.json]
END
echo 'open("metrics.json", "w").write("{\"bytes\": %d}" % len(open("model").read()))' >evaluate.py
dvc repro --quiet
git add .
git commit --quiet --message 'a small model'
for size in medium large huge; do
    dvc exp run --quiet --name $size -S model=$size
done

table=$(dvc exp show --csv --hide-workspace --sort-by bytes | tr -d '\r' | cut -d , -f 1,6-8)
for size in small medium large huge; do
    hash=$(python -c "import hashlib; print(hashlib.md5(b'model: $size\\n').hexdigest())")
    table=$(echo "$table" | sed "s/$hash/hash of $size/g")
done
echo "$table"
seen='Experiment,bytes,model,model
,13,hash of small,hash of small
huge,12,,
large,13,hash of huge,hash of huge
medium,14,,'
[ "$table" = "$seen" ] || { printf 'no longer so; seen was:\n%s\n' "$seen" >&2; exit 1; }

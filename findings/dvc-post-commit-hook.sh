#!/bin/sh
# One DVC experiment runs the repository's post-commit hook three times, and its pre-commit hook never.
#
# dvc 3.67.1 with scmrepo 3.6.2 and dulwich 1.2.21. `dvc exp run` makes no commit on the branch, and it
# skips the hooks pre-commit and commit-msg. But it does run post-commit, for hidden commits that it
# makes on the way. A hook that sends a message or starts a build after each commit does so thrice
# for an experiment.
# One would expect all commit hooks to be run or none, and no more often than there are experiments.
#
# Seen:
#   commits on the branch: 1
#   hooks of one experiment: post-commit post-commit post-commit
#   hooks of one experiment with --temp: post-commit post-commit
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dvc==3.67.1 scmrepo==3.6.2 dulwich==1.2.21
export PATH="$work/venv/bin:$PATH" HOME="$work" DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org

same() {  # same WHAT NOW SEEN
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "no longer so; seen was: $3" >&2; exit 1; }
}

git init --quiet "$work/repo"
cd "$work/repo"
dvc init --quiet
echo 'lr: 0.1' >params.yaml
cat >dvc.yaml <<'END'
stages:
  train:
    cmd: cp params.yaml model
    params: [lr]
    outs: [model]
END
dvc repro --quiet
git add .
git commit --quiet --message 'lr is 0.1'

for hook in pre-commit prepare-commit-msg commit-msg post-commit; do
    printf '#!/bin/sh\necho %s >>"%s/hooks"\n' $hook "$work" >.git/hooks/$hook
    chmod +x .git/hooks/$hook
done
dvc exp run --quiet -S lr=0.2
same 'commits on the branch' "$(git rev-list --count HEAD)" 1
same 'hooks of one experiment' "$(paste -s -d ' ' "$work/hooks")" 'post-commit post-commit post-commit'

rm "$work/hooks"
dvc exp run --quiet --temp -S lr=0.3
same 'hooks of one experiment with --temp' "$(paste -s -d ' ' "$work/hooks")" 'post-commit post-commit'

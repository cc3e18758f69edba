#!/bin/sh
# cleanlab: asked for the worst labels of one class, find_label_issues gives those of all the other classes.
#
# cleanlab 2.9.0. `num_to_remove_per_class` says how many examples of each class to return, "the 5 most likely
# mislabeled examples in class 0". With filter_by="prune_by_noise_rate", which is the default, the numbers are
# taken for the classes that the labels should have been instead: of 40 for "happy" not one is labelled happy,
# all 40 are labels of other classes that the model takes for happy. filter_by="both", the faces on which the
# two methods agree, finds none. Where each class has its number, the sum is right, which hides it.
# One would expect the faces that are labelled happy, as "prune_by_class" gives them; the documentation warns
# that this method may be one off in a class.
#
# Seen, for 3,500 faces of which 470 have a wrong label:
#   40 of happy, default: labelled happy 0, labelled otherwise and predicted happy 40
#   40 of happy, prune_by_class: labelled happy 40, labelled otherwise and predicted happy 0
#   40 of happy, both: labelled happy 0, labelled otherwise and predicted happy 0
#   10, 20 ... 70, default: by label 48 36 42 34 37 40 41, by prediction 11 20 30 40 50 60 67
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet cleanlab==2.9.0 numpy==2.4.6 scikit-learn==1.9.1 pandas==3.1.1
export HOME="$work"

cd "$work"
venv/bin/python - <<'END'
import numpy as np
from cleanlab.filter import find_label_issues

generator = np.random.default_rng(0)
true = generator.integers(7, size=3500)
labels = true.copy()
mislabelled = generator.random(3500) < 0.15
labels[mislabelled] = generator.integers(7, size=mislabelled.sum())
logits = generator.normal(size=(3500, 7))
logits[np.arange(3500), true] += 2.5
probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
predicted = probabilities.argmax(axis=1)
happy = 3


def issues(numbers, **method):
    return find_label_issues(labels, probabilities, num_to_remove_per_class=numbers, n_jobs=1, **method)


def same(what, now, seen):
    print(f"{what}: {now}")
    if now != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")


same("wrong labels", (labels != true).sum(), 470)
for name, method, seen in [
    ("default", {}, (0, 40)),
    ("prune_by_class", {"filter_by": "prune_by_class"}, (40, 0)),
    ("both", {"filter_by": "both"}, (0, 0)),
]:
    found = issues([0, 0, 0, 40, 0, 0, 0], **method)
    labelled = int((labels[found] == happy).sum())
    otherwise = int(((labels[found] != happy) & (predicted[found] == happy)).sum())
    print(f"40 of happy, {name}: labelled happy {labelled}, labelled otherwise and predicted happy {otherwise}")
    if (labelled, otherwise, found.sum()) != (*seen, sum(seen)):
        raise SystemExit(f"no longer so; seen were: {seen}")

found = issues([10, 20, 30, 40, 50, 60, 70])
by_label, by_prediction = (
    " ".join(str(count) for count in np.bincount(classes[found], minlength=7)) for classes in (labels, predicted)
)
same(
    "10, 20 ... 70, default",
    f"by label {by_label}, by prediction {by_prediction}",
    "by label 48 36 42 34 37 40 41, by prediction 11 20 30 40 50 60 67",
)
END

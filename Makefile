# `make` lists what there is: the lines that begin with two #.

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# npm trusts the certificates that the system trusts, as pip does.
export NODE_USE_SYSTEM_CA = 1

.PHONY: help setup identity demo own predict web publish test faults fuzz verify accept lint bench compare \
  paper-tuning ranking search cluster-demo fast measure labels reproduce pretrained peer lock

help:
	@sed -n 's/^## //p' Makefile
	@echo "Those that run something set up .venv first, from requirements.txt: a few minutes, once."
	@echo "Another Python: rm -rf .venv; make PYTHON=python3.12 demo"

## setup         the virtual environment .venv, from the lock with hashes
setup: .venv/ready

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up .venv from requirements.txt: 3 GB, once, in a few minutes."
	$(PYTHON) -m venv --clear .venv
	python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# Node and npm come with .venv; npm then gets the page's runtime, its type checker and a browser for the tests.
web/node_modules/ready: web/package-lock.json .venv/ready
	npm ci --prefix web
	npm run --silent prepare-browser --prefix web
	@touch $@

# DVC records experiments as commits. If Git does not know you, this clone gets a name to commit under.
identity:
	@git config user.email >/dev/null || \
	  { git config user.name "Nobody" && git config user.email "nobody@localhost"; }

demo paper-tuning search cluster-demo fast measure labels reproduce pretrained: identity

## demo          the whole pipeline on rendered faces, offline, on a branch of its own
demo: setup
	@python -m tools.demo

# Classes of your own: make own CSV=/where/pictures CLASSES="smiling, frowning, neither"
## own           params.yaml for your own faces: make own CSV=/where/own.csv
own: setup
	@python -m tools.own "$(CSV)" $(if $(CLASSES),--classes "$(CLASSES)")

## predict       the faces of a photo or video and the emotion of each: make predict PHOTO=party.jpg
predict: setup
	@test -n "$(PHOTO)" || { echo "error: name a photo, video or CSV: make predict PHOTO=party.jpg" >&2; exit 1; }
	@python -m emotion.predict "$(PHOTO)" \
	  $(if $(filter %.csv %.csv.gz %.csv.zst %.csv.zip,$(PHOTO)),,--out "$$(dirname "$(PHOTO)")")

MODEL =
PORT = 8000

## web           a page for photos and the camera, on this machine: make web PORT=8000
web: web/node_modules/ready
	@python -m tools.site site --port $(PORT) $(if $(MODEL),--model "$(MODEL)")

## publish       the exported model and its card to the Hugging Face Hub: make publish REPO=owner/name
publish: setup
	@test -n "$(REPO)" || { echo "error: name a repository: make publish REPO=owner/name" >&2; exit 1; }
	@python -m tools.publish "$(REPO)"

## test          every test
test: setup web/node_modules/ready
	python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal --durations=20

## lint          ruff, mypy and, for the page, tsc
lint: setup web/node_modules/ready
	ruff check .
	ruff format --check .
	mypy
	npm run check --prefix web

KILLS = 50
SEED = 0

## faults        kill the pipeline at random moments and compare the results: make faults KILLS=6
faults: setup
	python -m tests.faults --kills $(KILLS) --seed $(SEED)

## fuzz          100,000 hostile CSVs and 10,000 damaged pictures; other ones: make fuzz SEED=1
fuzz: setup
	python -m tests.fuzz --inputs 100000 --seed $(SEED)
	python -m tests.fuzz_photos --inputs 10000 --seed $(SEED)

# DVC trusts what it once hashed, and its cache. This hashes everything anew, and removes what was damaged.
## verify        remove damaged outputs and cached copies; after a kill, say the way back
verify: setup
	@python -m tools.verify "$$(dvc cache dir)"

## accept        after a change of code that computes the same: make accept STAGE="train evaluate"
accept: setup
	@python -m tools.accept $(STAGE)

## bench         speed and memory, as ratios against a reference in the same run
bench: setup
	python -m benchmarks --csv data/raw/fer2013.csv

## compare       the experiments of this commit, the best on validation first
compare: setup
	@python -m experiments.compare

# The paper's fine-tuning. A smaller one: make paper-tuning OPTIMIZERS=adam,sgd RATES=0.001 EPOCHS=2
OPTIMIZERS = adam,sgd,rmsprop,adamw,nadam
RATES = 0.0001,0.0003,0.001
EPOCHS = 10,20
SWEEP = tuning
JOBS = 1

# The experiments of paper-tuning, search and measure on a Ray cluster: make search CLUSTER=head:6379. Each takes so many
# CORES of a node; CHECKPOINTS is a folder or an address that all nodes reach. docs/cluster.md
CLUSTER =
CORES = 2
CHECKPOINTS =
ON = $(if $(CLUSTER),--cluster "$(CLUSTER)" --cores $(CORES) $(if $(CHECKPOINTS),--checkpoints "$(CHECKPOINTS)"))

## paper-tuning  the paper's sweep over optimizers, learning rates and epochs
paper-tuning: setup
	@python -m experiments.sweep $(SWEEP) --jobs $(JOBS) $(ON) \
	  train.optimizer=$(OPTIMIZERS) train.lr=$(RATES) train.epochs=$(EPOCHS)

## ranking       what has finished of a sweep, ranked on validation: make ranking SWEEP=tuning
ranking: setup
	@python -m experiments.ranking $(SWEEP) sweeps/$(SWEEP).png train.optimizer train.lr train.epochs

# Trials in all, those of earlier runs included, of so many epochs at most, JOBS at a time.
SEARCH = search
TRIALS = 20
TRIAL_EPOCHS = 10

## search        trials chosen by Optuna, each an experiment; make search again goes on
search: setup
	@python -m experiments.search $(SEARCH) --trials $(TRIALS) --epochs $(TRIAL_EPOCHS) --workers $(JOBS) $(ON)

## cluster-demo  a sweep on a cluster of two nodes, both on this machine, on rendered faces
cluster-demo: setup
	@python -m experiments.cluster.demo

# A row of docs/results.md is a recipe and a protocol of experiments/recipes.yaml: make measure ROW=fast-official
# SEEDS="0 1 2". Parameters of fetch: SET="fetch.source=file fetch.path=/where/fer2013.csv.zip"
SEEDS = 0
SET =
FOLDS =

## fast          the fast recipe in this folder: minutes instead of hours
fast: setup
	@python -m experiments.workspace fast-random --set $(SET)

## measure       a row of the table of results: make measure ROW=fast-official SEEDS="0 1 2"
measure: setup
	@python -m experiments.measure $(ROW) --seeds $(SEEDS) --set $(SET) $(ON)

## labels        what FER-2013's labels are worth, by FER+'s voters: docs/labels.md
labels: setup
	@python -m experiments.labels $(if $(FOLDS),--folds $(FOLDS))

## reproduce     a measured row once more, compared with the table: make reproduce ROW=fast-official
reproduce: setup
	@python -m experiments.reproduce $(ROW) --set $(SET)

## pretrained    the model in pretrained/ once more, and whether it comes out the same
pretrained: setup
	@python -m experiments.pretrained --set $(SET)

## peer          a process of a training over several machines, other than the first: docs/devices.md
peer: setup
	@python -m tools.peer

## lock          the newest releases of every package into requirements.txt; .venv is then set up anew
lock:
	@command -v uv >/dev/null || { echo "error: make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --extra dev --extra s3 --extra cluster --generate-hashes --upgrade \
	  --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.txt

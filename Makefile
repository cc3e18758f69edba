# make demo    the whole DAG on rendered faces, offline        make test    every test
# make lint    ruff and mypy                                   make bench   measure speed and memory
# make fuzz    100,000 hostile files against the reader        make faults  kill the DAG at random moments
# make verify  remove damaged outputs and copies in the cache
# make compare        the experiments of this commit, in the columns that matter
# make paper-tuning   a sweep over optimizers, learning rates and epochs, ranked on validation by `make ranking`
# make search         trials chosen by Optuna, each an experiment; make search again goes on
# make fast           the fast recipe in this folder: minutes instead of hours
# make measure        runs of a recipe under a protocol, for docs/results.md; make reproduce repeats one
# make lock           resolve requirements.txt anew
# Each sets up .venv first, from requirements.txt. Another Python: rm -rf .venv; make PYTHON=python3.12 demo

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: setup identity demo test faults fuzz verify lint bench compare paper-tuning ranking search fast measure reproduce lock

setup: .venv/ready

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# DVC records experiments as commits. If Git does not know you, this clone gets a name to commit under.
identity:
	@git config user.email >/dev/null || \
	  { git config user.name "Nobody" && git config user.email "nobody@localhost"; }

demo paper-tuning search fast measure reproduce: identity

# Sized for less than four minutes on two cores: small batches, so that a few epochs are steps enough for BatchNorm.
DEMO = fetch.source=faces fetch.faces.rows=2400 validate.rows=2400 train.epochs=8 train.batch_size=16 train.lr=0.001 \
  evaluate.floor.accuracy=null evaluate.floor.macro_f1=null

demo: setup
	@sh demo.sh $(DEMO:%=-S %)

test: setup
	python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal --durations=20

# Kill the pipeline at random moments and compare the results. A smaller one: make faults KILLS=6
KILLS = 50
SEED = 0

faults: setup
	python -m tests.faults --kills $(KILLS) --seed $(SEED)

# DVC trusts what it once hashed, and its cache. This hashes everything anew, and removes what was damaged.
verify: setup
	@python -m tools.verify "$$(dvc cache dir)"

lint: setup
	ruff check .
	ruff format --check .
	mypy

bench: setup
	python -m benchmarks --csv data/raw/fer2013.csv

# Other inputs: make fuzz SEED=1
fuzz: setup
	python -m tests.fuzz --inputs 100000 --seed $(SEED)

# Accuracies, macro F1 and the parameters of fetch, preprocess, model and train that differ.
compare: setup
	@dvc exp show --no-pager --only-changed --keep '(validation\.)?accuracy$$|macro_f1$$' \
	  --drop '(?!(Experiment|State|best_epoch)$$|(fetch|preprocess|model|train)\.(?!loss$$|accuracy$$))'

# The paper's fine-tuning. A smaller one: make paper-tuning OPTIMIZERS=adam,sgd RATES=0.001 EPOCHS=2
OPTIMIZERS = adam,sgd,rmsprop,adamw,nadam
RATES = 0.0001,0.0003,0.001
EPOCHS = 10,20
SWEEP = tuning
JOBS = 1

paper-tuning: setup
	@python -m experiments.sweep $(SWEEP) --jobs $(JOBS) \
	  train.optimizer=$(OPTIMIZERS) train.lr=$(RATES) train.epochs=$(EPOCHS)

ranking: setup
	@python -m experiments.ranking $(SWEEP) sweeps/$(SWEEP).png train.optimizer train.lr train.epochs

# Trials in all, those of earlier runs included, of so many epochs at most, JOBS at a time.
SEARCH = search
TRIALS = 20
TRIAL_EPOCHS = 10

search: setup
	@python -m experiments.search $(SEARCH) --trials $(TRIALS) --epochs $(TRIAL_EPOCHS) --workers $(JOBS)

# A row of docs/results.md is a recipe and a protocol of experiments/recipes.yaml: make measure ROW=fast-official
# SEEDS="0 1 2". Parameters of fetch: SET="fetch.source=file fetch.path=/where/fer2013.csv.zip"
SEEDS = 0
SET =

fast: setup
	@python -m experiments.workspace fast-random --set $(SET)

measure: setup
	@python -m experiments.measure $(ROW) --seeds $(SEEDS) --set $(SET)

reproduce: setup
	@python -m experiments.reproduce $(ROW) --set $(SET)

lock:
	uv pip compile --universal --python-version 3.11 --extra dev --extra s3 --generate-hashes --upgrade \
	  --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.txt

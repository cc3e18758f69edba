# make demo    the whole DAG on rendered faces, offline        make test    every test
# make lint    ruff and mypy                                   make bench   measure speed and memory
# make lock    resolve requirements.txt anew
# Each sets up .venv first, from requirements.txt. Another Python: make PYTHON=python3.12 demo

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: setup demo test lint bench lock

setup: .venv/ready

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# Sized for three minutes on two cores: small batches, so that a few epochs are steps enough for BatchNorm.
DEMO = fetch.source=faces fetch.faces.rows=2400 validate.rows=2400 train.epochs=6 train.batch_size=16 train.lr=0.001

demo: setup
	@sh demo.sh $(DEMO:%=-S %)

test: setup
	python -m pytest

lint: setup
	ruff check .
	ruff format --check .
	mypy

bench: setup
	python -m benchmarks --csv data/raw/fer2013.csv

lock:
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --upgrade \
	  --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.txt

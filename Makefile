# Everything from a fresh machine with Python 3.11–3.13 and make.
#   make reproduce   set up .venv, then run the whole embedded reproduction; one seed of it with
#                    PROFILE=config/quick.yaml
#   make test        set up .venv, then run the tests
#   make lint        ruff, mypy, snakefmt, snakemake --lint
#   make lock        requirements.lock, after an edit of what pyproject.toml asks for (needs uv)
PYTHON ?= python3
PROFILE ?= config/config.yaml
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: reproduce test lint setup lock

reproduce: setup
	snakemake --cores all --rerun-incomplete --configfile $(PROFILE)

test: setup
	pytest -n 2 --no-loadscope-reorder

# One of snakemake --lint's wishes does not fit: one environment serves every rule.
lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	! snakemake --lint 2>&1 | grep '^    \* ' | grep -v -e 'conda environment'

setup: .venv/ready

# Exact versions, of which pip takes no files but those whose digests it knows; the package itself
# stays editable. In a worktree, .git is a file.
.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	pip install --quiet --require-hashes --requirement requirements.lock
	pip install --quiet --no-deps --no-build-isolation --editable .
	test -e .git || dvc config --local core.no_scm true
	touch $@

# Versions that are in it stay as they are; uv's --upgrade takes newer ones.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-annotate --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

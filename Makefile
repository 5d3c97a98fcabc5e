# Everything from a fresh machine with Python 3.11–3.13 and make.
#   make reproduce   set up .venv, then run the whole embedded reproduction
#   make test        set up .venv, then run the tests
#   make lint        ruff, mypy, snakefmt, snakemake --lint
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: reproduce test lint setup

reproduce: setup
	snakemake --cores all --rerun-incomplete

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

# Exact versions where they exist for this machine; the package itself stays editable.
.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	pip install --quiet --constraint requirements.lock --editable '.[workflow,slurm,dev]'
	test -d .git || dvc config --local core.no_scm true
	touch $@

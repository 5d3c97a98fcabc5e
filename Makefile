# Everything from a fresh machine with Python 3.11–3.13 and make.
#   make reproduce   set up .venv, then run the whole embedded reproduction; one seed of it with
#                    PROFILE=config/quick.yaml
#   make test        set up .venv, then run the tests
#   make lint        ruff, mypy, snakefmt, snakemake --lint
#   make site        the documentation as pages for a browser, in site/
#   make lock        requirements.lock, after an edit of what pyproject.toml asks for (needs uv)
# TORCH=cpu installs PyTorch without CUDA, a third of the disk: docs/install.md
PYTHON ?= python3
PROFILE ?= config/config.yaml
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# An environment stays of the kind that it was made, which its stamp tells.
KIND := $(if $(wildcard .venv/ready),$(or $(shell cat .venv/ready),cuda))
TORCH ?= $(or $(KIND),cuda)
ifeq ($(filter cuda cpu,$(TORCH)),)
  $(error TORCH=$(TORCH): it is cuda or cpu)
endif
ifneq ($(or $(KIND),$(TORCH)),$(TORCH))
  $(error .venv holds PyTorch for $(KIND): for another one, first: rm -r .venv)
endif

.PHONY: reproduce test lint site setup lock

reproduce: setup
	@snakemake --quiet rules progress host --cores all --rerun-incomplete --configfile $(PROFILE)
	@dcct findings --configfile $(PROFILE)

test: setup
	pytest -n 2 --no-loadscope-reorder

# One of snakemake --lint's wishes does not fit: one environment serves every rule.
lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	! snakemake --lint 2>&1 | grep '^    \* ' | grep -v -e 'conda environment'

# Without the variable, the theme prints which programs its makers would rather see used.
site: setup
	NO_MKDOCS_2_WARNING=1 mkdocs build

setup: .venv/ready

# Exact versions, of which nothing is taken but files whose digests are known; the package itself
# stays editable. uv, where it is installed, takes a third of pip's time; bytecode is compiled now, as
# pip does, since not every environment may write it later. Progress is for terminals. In a worktree,
# .git is a file.
INSTALLER := $(if $(shell command -v uv),uv,pip)
INSTALL := $(if $(filter uv,$(INSTALLER)),uv pip install --compile-bytecode --python $(BIN)/python,pip install) \
  $(if $(MAKE_TERMOUT),,--quiet)
.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	@echo "$(INSTALLER) installs what requirements.lock names, PyTorch for $(TORCH): this takes minutes"
	$(INSTALL_LOCKED_$(TORCH))
	$(INSTALL) --no-deps --no-build-isolation --editable .
	test -e .git || dvc config --local core.no_scm true
	echo $(TORCH) > $@

define INSTALL_LOCKED_cuda
	$(INSTALL) --require-hashes --requirement requirements.lock
endef

# The lock knows PyTorch's files of the package index, which need CUDA's to be imported at all. Those
# for CPUs are on PyTorch's own index, in the same versions, and checked against what that one says.
define INSTALL_LOCKED_cpu
	$(WITHOUT_TORCH) requirements.lock > .venv/cpu.lock
	$(INSTALL) --no-deps --require-hashes --requirement .venv/cpu.lock
	$(INSTALL) --no-deps --index-url $(CPU_WHEELS) $(TORCH_FOR_CPU)
endef
CPU_WHEELS ?= https://download.pytorch.org/whl/cpu
WITHOUT_TORCH := sed -E '/^(torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==/,/[^\\]$$/d'
TORCH_FOR_CPU := $(shell sed -nE 's/^(torch|torchvision)(==[0-9.]+) .*/\1\2+cpu/p' requirements.lock)

# Versions that are in it stay as they are; uv's --upgrade takes newer ones.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-annotate --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

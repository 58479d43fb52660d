# Two commands do everything, this environment included: `make up` and `make test`.
STACK ?= netflix-dev
PYTHON ?= python3

.PHONY: up preview test check bench clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | sort

up: .venv/ready ## Deploy STACK (netflix-dev) into a cloud in this process; ARGS="--serve" keeps it
	@.venv/bin/fourplane up $(STACK) $(ARGS)

preview: .venv/ready ## Show what STACK would make
	@.venv/bin/fourplane preview $(STACK) $(ARGS)

test: .venv/ready ## The whole suite
	@.venv/bin/python -m pytest $(ARGS)

check: .venv/ready ## Format, lint and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/pyright

bench: .venv/ready ## Speed and memory, as ratios where that can be
	@.venv/bin/python bench/run.py
	@.venv/bin/python bench/matching.py
	@.venv/bin/python bench/check.py

clean: ## Remove the environment and what tools left
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed; $(PYTHON) is " + sys.version.split()[0] + " (make PYTHON=python3.12 names another)")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) lacks venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up .venv, once; this takes a minute or two" >&2
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

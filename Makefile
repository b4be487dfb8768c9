# `make run` and `make test` do all their own set-up; everything else builds on them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test lint format schemas lab lab-down bench clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## Collect from this machine and print the report
	@$(BIN)/truthmap run

test: $(VENV)/.test tests/lab/.packages tests/browser/.packages ## Run every test (lab hosts and a browser included where this machine can)
	$(BIN)/pytest $(ARGS)

lint: $(VENV)/.test ## Formatter, linter, type checker, Python 3.6 check, ansible-lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/vermin --quiet --no-tips --violations --target=3.6- roles/collect/files/truthmap_collector \
	  roles/collect/files/truthmap_control/bootstrap.py
	$(BIN)/yamllint --strict .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline

format: $(VENV)/.test ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(VENV)/.test ## Write the published JSON Schemas anew
	$(BIN)/python -m tests.schemas

lab: $(VENV)/.test tests/lab/.packages ## Bring up lab hosts, print their inventory, take them down on Ctrl-C
	$(BIN)/python -m tests.lab run

lab-down: $(VENV)/.test ## Take down lab hosts that were left up
	$(BIN)/python -m tests.lab down

bench: $(VENV)/.test tests/lab/.packages ## Measure the cost of a collection, side by side with others
	$(BIN)/python -m tests.bench --hosts 4
	$(BIN)/python -m tests.bench --hosts 16 --rounds 3
	$(BIN)/python -m tests.bench.redis

clean: ## Remove what was made here, the lab's images excepted
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .ansible

# The environment is made anew when a requirement changes. Debian splits venv from python3.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Truth Map needs Python 3.11 or newer: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); sh tests/packages.sh python3-venv && $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Setting up $(VENV) ...' >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Setting up $(VENV) for development ...' >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.run

.PHONY: tests/lab/.packages tests/browser/.packages
tests/lab/.packages tests/browser/.packages: %/.packages:
	@sh tests/packages.sh $$(grep -v '^#' $*/packages.txt)

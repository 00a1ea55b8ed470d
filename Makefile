# Everything is installed into .venv by the first target that needs it.
VENV := .venv
PY := $(VENV)/bin/python
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(if $(shell $(name) -c '$(SUITABLE)' 2>&1 || echo no),,$(name))))
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: help run stop test test-all check bench clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/installed ## run the whole pipeline: setup_env, create_tables, etl, query
	@$(PY) setup_env.py
	@$(PY) create_tables.py
	@$(PY) etl.py
	@$(PY) query.py

stop: ## take down what setup_env made, and the sandbox
	@test ! -e $(VENV)/installed || $(PY) shutdown_env.py

test: $(VENV)/installed-dev ## run the tests
	@$(PY) -m pytest -n auto -m "not exhaustive"

test-all: $(VENV)/installed-dev ## run the tests, and those that take minutes
	@$(PY) -m pytest -n auto

check: $(VENV)/installed-dev ## lint, check types, parse every SQL statement as Redshift's
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(PY) tests/check_sql.py

bench: $(VENV)/installed-bench ## measure the pipeline's speed, also beside other tools
	@$(PY) -m benchmarks.bench

clean: stop ## stop, and remove all that was installed and generated
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .hypothesis

$(VENV)/installed: requirements.txt | $(PY)
	@echo "installing what the pipeline needs into $(VENV)" >&2
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "installing what tests and checks need into $(VENV)" >&2
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/installed-bench: requirements-bench.txt $(VENV)/installed-dev
	@echo "installing what the pipeline is measured beside into $(VENV)" >&2
	@$(PIP) -r requirements-bench.txt
	@touch $@

$(PY):
	@$(or $(PYTHON),false) -c '$(SUITABLE)' 2>/dev/null || { \
		echo "error: Python 3.11 or newer with the venv module is needed; tried $(or $(PYTHON),$(CANDIDATES))" >&2; \
		echo "hint: install it (on Debian or Ubuntu: apt install python3-venv), or name one: make run PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)

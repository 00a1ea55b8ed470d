# Everything is installed into .venv by the first target that needs it.
VENV := .venv
PY := $(VENV)/bin/python
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(if $(shell $(name) -c '$(SUITABLE)' 2>&1 || echo no),,$(name))))
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# Only the sandbox needs more than the scripts do on AWS.
TARGET := $(shell sed -n 's/^TARGET *[=:] *//p' dwh.cfg)
RUN_NEEDS := $(VENV)/installed$(if $(filter aws,$(TARGET)),,-sandbox)

# make run KIND=serverless runs with this dwh.cfg, but for its KIND.
CONFIG := $(if $(KIND),dwh-$(KIND).cfg,dwh.cfg)
OTHER := $(if $(KIND), --config $(CONFIG))

.PHONY: help run stop test test-all test-aws check bench constraints clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_NEEDS) $(CONFIG) ## run the whole pipeline; KIND=serverless: on Redshift Serverless
	@$(PY) setup_env.py$(OTHER)
	@$(PY) create_tables.py$(OTHER)
	@$(PY) etl.py$(OTHER)
	@$(PY) query.py$(OTHER)
	@echo "Next: $(PY) query.py$(OTHER) \"SELECT ...\" asks more; make stop takes it all down" >&2

stop: ## take down what setup_env made, and the sandbox
	@test ! -e $(VENV)/installed || $(PY) shutdown_env.py
	@rm -f dwh-cluster.cfg dwh-serverless.cfg

dwh-%.cfg: dwh.cfg
	@sed 's/^KIND *[=:].*/KIND = $*/' dwh.cfg > $@

test: $(VENV)/installed-dev ## run the tests
	@$(PY) -m pytest -n auto --dist loadfile -m "not exhaustive"

test-all: $(VENV)/installed-dev ## run the tests, and those that take minutes
	@$(PY) -m pytest -n auto

test-aws: $(VENV)/installed-dev ## try it out on the AWS account that dwh.cfg names; asks first
	@PYTHONPATH=.:tests/support $(PY) tests/account/on_aws.py

check: $(VENV)/installed-dev ## lint, check types and imports, parse every SQL statement as Redshift's
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-cache --no-logo
	@$(PY) tests/check_sql.py

bench: $(VENV)/installed-bench ## measure the pipeline's speed, also beside other tools
	@$(PY) -m benchmarks.bench

constraints: | $(PY) ## pin again what the packages in requirements*.txt pull in
	@$(PIP) uv==0.13.9
	@sed -E '/^(-[cr] |#)/d' requirements*.txt | $(VENV)/bin/uv pip compile --quiet --universal \
		--python-version 3.11 --custom-compile-command "make constraints" \
		--output-file constraints.txt -

clean: stop ## stop, and remove all that was installed and generated
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .hypothesis

$(VENV)/installed: requirements.txt constraints.txt | $(PY)
	@echo "installing what the pipeline needs into $(VENV)" >&2
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-sandbox: requirements-sandbox.txt constraints.txt $(VENV)/installed
	@echo "installing what the sandbox needs into $(VENV)" >&2
	@$(PIP) -r requirements-sandbox.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed-sandbox
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

# Two commands: `make up` runs everything, `make test` tests it. Needed: Python >= 3.11, make, git.

PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,\
  $(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --require-virtualenv
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header --quiet --extra embedded --group build
KAFKA := 4.4.0
UNIT := not faults and not broken_build and not foreign
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up test check format bench soak foreign lock clean

help: ## Show this list.
	@echo 'Corridor broker. make ...'
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST)

up: .venv/run.stamp ## Run everything on this machine and watch shipments cross. ARGS="--help" shows the options.
	@$(BIN)/corridor up $(ARGS)

test: .venv/dev.stamp ## Run the tests against a real Kafka: in parallel, then the fault run. ARGS go to pytest.
	$(BIN)/pytest -n auto --durations 20 -r Ef -m '$(UNIT)' $(ARGS)
	$(BIN)/pytest -m 'faults and not broken_build' $(ARGS); status=$$?; [ $$status -eq 5 ] || exit $$status

check: .venv/dev.stamp ## Lint, format, types, layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev.stamp ## Measure, and write the figures. ARGS: cases, --quick, --json.
	$(BIN)/python -m bench $(ARGS)

soak: .venv/dev.stamp ## Long campaigns: properties by chance, kills by the hundred, fault runs, broken builds.
	CORRIDOR_SOAK=1 $(BIN)/pytest tests/property $(ARGS)
	CORRIDOR_SOAK=1 $(BIN)/pytest -m 'faults or broken_build' $(ARGS)

foreign: .venv/dev.stamp ## Prove the registry with clients in other languages (needs Go and Node).
	$(BIN)/pytest -m foreign $(ARGS)

lock: .venv/dev.stamp ## Resolve the dependencies anew within their bounds; UPGRADE=1 takes the newest.
	$(LOCK) $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) --constraints requirements.lock \
	  --group test --group check --group lock --output-file requirements-dev.lock
	$(BIN)/python -m deploy.kafka.pin $(KAFKA)

clean: ## Remove the environment, caches and the local state of `make up`.
	rm -rf .venv .corridor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3'; exit 1; }
	@echo "Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { echo 'The module venv is missing: on Debian, apt install python3-venv'; rm -rf .venv; exit 1; }

# Everything comes from the lock, checked by its hash; the project itself is built by what the lock installed.
.venv/%.stamp: .venv/bin/python pyproject.toml requirements.lock requirements-dev.lock
	@echo 'Installing from $(if $(filter dev,$*),requirements-dev.lock,requirements.lock)'
	@$(INSTALL) --require-hashes --only-binary :all: -r $(if $(filter dev,$*),requirements-dev.lock,requirements.lock)
	@$(INSTALL) --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

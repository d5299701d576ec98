# Everything that an operator or a developer does, from a fresh clone on. `make help` lists it.
SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

BIN := .venv/bin
STEP := @scripts/step
TRAIN = $(STEP) "Looking at the training data" \
	$(BIN)/python -m bot.training.train --project . --models models --by "$${BATON_TRAINER:-}"
# The command line itself honours PORT; exported so that `make run PORT=9000` works as well.
ifdef PORT
export PORT
endif
# One thread per process: Baton grows by processes, and idle thread pools cost start-up time.
export OMP_NUM_THREADS ?= 1
export RASA_TELEMETRY_ENABLED := false
# Whoever wants no bytecode beside the sources gets it elsewhere: without any, Rasa takes 15 seconds more
# to import, in each of the dozens of processes that the tests start.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/build/bytecode
endif
# Tests run on up to four cores; with one, or WORKERS=1, they run in pytest's own process.
WORKERS ?= $(shell cores=$$(env -u OMP_NUM_THREADS nproc); echo $$((cores < 4 ? cores : 4)))

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

.PHONY: setup
setup: .venv/.installed ## Make the environment in .venv (the other targets do this when needed)

.venv/.installed: requirements.lock pyproject.toml
	@scripts/setup

.PHONY: run
run: setup ## Set up, train if needed and start the demo at http://127.0.0.1:8080 (PORT=... overrides)
	$(TRAIN) || [ $$? -eq 3 ]  # 3: the new model is worse, and the live one goes on answering
	@exec $(BIN)/baton run --demo

.PHONY: train
train: setup ## Train the model if its data changed
	$(TRAIN)

.PHONY: test
test: train ## Run all tests but the long ones, with a real PostgreSQL and Redis (installed if we are root)
	@workers=$(WORKERS); $(BIN)/pytest -m "not long" -ra -n $$((workers > 1 ? workers : 0))

.PHONY: test-long
test-long: train ## Run the crash, fuzz and load runs
	@$(BIN)/pytest -m long -ra

.PHONY: check
check: setup ## Check style, types and the dependency rules
	$(STEP) "Looking for mistakes" $(BIN)/ruff check --quiet .
	$(STEP) "Looking at the format" $(BIN)/ruff format --check --quiet .
	$(STEP) "Checking types" $(BIN)/mypy -p bot -p connectors -p actions
	$(STEP) "Checking who imports whom" $(BIN)/lint-imports
	$(STEP) "Checking what browsers load" $(BIN)/python scripts/page-size

.PHONY: bench
bench: train ## Measure throughput, latency and memory beside stock Rasa (takes minutes)
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: lock
lock: setup ## Renew requirements.lock from pyproject.toml
	$(STEP) "Resolving the dependencies" scripts/lock

.PHONY: clean
clean: ## Remove the environment, the models and all caches; data in .baton stay
	@rm -rf .venv .tools .bench build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .rasa *.egg-info
	@find models -mindepth 1 ! -name README.md -delete
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make quickstart` and `make test` do all of their own set-up.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: quickstart test lint clean

quickstart: .venv/runtime
	$(BIN)/python -m trainers.mnist --flagfile=quickstart.flags

test: lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.venv/runtime: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/development: requirements-dev.txt .venv/runtime
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@

clean:
	rm -rf .venv runs

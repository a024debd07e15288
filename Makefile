# Two commands do everything: `make demo` (the whole job, then the dashboard) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?=
DB ?= demo/registry.duckdb
WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo dashboard test check constraints clean

help:
	@echo "make demo       generate, validate, load, analyse, report, then open the dashboard"
	@echo "make dashboard  open the dashboard on the store of the last demo (DB=FILE, PORT=N; else the first free port)"
	@echo "make test       run all tests"
	@echo "make check      format, lint, types, import contracts"

$(VENV)/pip.stamp: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "calcpci: Python " + sys.version.split()[0] + " is too old. Install Python 3.11 or newer, or say which one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt pip
	@touch $@

$(VENV)/run.stamp: $(VENV)/pip.stamp pyproject.toml
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(PIP) install --quiet -c constraints.txt --group dev
	@touch $@

demo: $(VENV)/run.stamp
	$(BIN)/calcpci demo --out demo $(if $(PORT),--port $(PORT))

dashboard: $(VENV)/run.stamp
	$(BIN)/calcpci dashboard --db $(DB) $(if $(PORT),--port $(PORT))

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

constraints:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	$(PIP) install --quiet -e . --group dev
	{ echo "# Versions the tests ran with. Made from a clean environment; renew with 'make constraints'."; $(PIP) freeze --all --exclude-editable | grep -v '^setuptools=='; } > constraints.txt

clean:
	rm -rf $(VENV) demo dist build

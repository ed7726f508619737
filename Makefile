# `make dev` gives the whole service; `make test` runs every test. ARGS passes through to either.
# `make install` only installs, for live mode.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
LONGER := tests/test_model.py tests/test_schemathesis.py tests/test_parse.py tests/test_hostile_pages.py

.PHONY: dev install test check hostile chaos mutants bench bench-full screenshots requirements clean

dev: $(VENV)/.run-installed
	@exec $(BIN)/cheonggu dev $(ARGS)

install: $(VENV)/.run-installed

test: $(VENV)/.test-installed check
	@$(BIN)/python tests/browser_install.py
	@exec $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.test-installed
	@$(BIN)/ruff check src tests examples bench hostile chaos mutants
	@$(BIN)/ruff format --check src tests examples bench hostile chaos mutants
	@$(BIN)/basedpyright --level error

hostile: $(VENV)/.test-installed
	@$(BIN)/python tests/browser_install.py
	@$(BIN)/python -m hostile
	@exec $(BIN)/python -m pytest --hypothesis-profile=long --timeout=1800 $(LONGER)

bench: $(VENV)/.bench-installed
	@exec $(BIN)/python -m bench $(ARGS)

bench-full: $(VENV)/.bench-installed
	@exec $(BIN)/python -m bench --full $(ARGS)

chaos: $(VENV)/.run-installed
	@exec $(BIN)/python -m chaos $(ARGS)

mutants: $(VENV)/.test-installed
	@exec $(BIN)/python -m mutants $(ARGS)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Cheonggu needs Python 3.11 or newer; try make PYTHON=python3.12 (Debian: apt install python3)."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing (Debian: apt install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run-installed: $(VENV)/.made requirements.txt pyproject.toml
	@echo "Installing into $(VENV), once (half a minute or so) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.run-installed requirements-test.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.run-installed requirements-bench.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

screenshots: $(VENV)/.test-installed
	@$(BIN)/python tests/browser_install.py
	@exec $(BIN)/python -m tests.pictures

# For maintainers: needs uv. Hashes without addresses, so that any package index serves.
requirements:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 pyproject.toml requirements-build.in -o requirements.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --extra test -c requirements.txt pyproject.toml requirements-build.in -o requirements-test.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 -c requirements.txt -c requirements-test.txt requirements-bench.in \
	  -o requirements-bench.txt

clean:
	rm -rf $(VENV)

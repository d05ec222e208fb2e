# `make run` needs Python 3.11 or newer with venv, and nothing else.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
RUNTIME := $(VENV)/.installed-requirements.txt
TOOLS := $(VENV)/.installed-requirements-dev.txt
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run test check format migrate bench lock

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name text; do printf '%-9s %s\n' "$$name" "$$text"; done

run: $(RUNTIME) ## Install what is missing, prepare the database and serve
	@$(BIN)/python -m marketplace run

test: $(RUNTIME) ## Run the tests
	$(BIN)/python -m pytest -n 2

check: $(TOOLS) ## Lint, check format and types, look for insecure code
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/python -m bandit -q -c pyproject.toml -r marketplace

format: $(TOOLS) ## Format the code and fix what can be fixed
	$(BIN)/python -m ruff format
	$(BIN)/python -m ruff check --fix

migrate: $(RUNTIME) ## Bring the database to the newest migration
	$(BIN)/python -m flask db upgrade

bench: $(RUNTIME) ## Measure the hot paths
	$(BIN)/python -m benchmarks

lock: ## Pin all versions with hashes in both requirements files (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH (https://docs.astral.sh/uv/)." >&2; exit 1; }
	uv pip compile pyproject.toml -o requirements.txt \
		--universal --python-version 3.11 --generate-hashes --no-header
	uv pip compile pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt \
		--universal --python-version 3.11 --generate-hashes --no-header

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with make PYTHON=python3.11 …" >&2; exit 1; }
	@echo "Making the virtual environment in $(VENV) …"
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ rm -rf $(VENV); echo "python -m venv failed; on Debian and Ubuntu install python3-venv." >&2; exit 1; }

# The stamp is a copy of what was installed, so that a file only touched is not installed again.
$(RUNTIME): requirements.txt | $(BIN)/python
	@cmp -s $< $@ || { echo "Installing $< …"; $(INSTALL) -r $<; }
	@cp $< $@

$(TOOLS): requirements-dev.txt | $(BIN)/python
	@cmp -s $< $@ || { echo "Installing $< …"; $(INSTALL) -r $<; }
	@cp $< $@

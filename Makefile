# make help tells what there is. Every target installs what it needs into .venv and can be repeated.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# For a GPU: make install TORCH=torch  (the newest build that pip offers, in place of the pinned one)
PINNED := torch==2.13.0
TORCH ?= $(PINNED)
VENV := .venv
BIN := $(VENV)/bin
# another choice of torch is another installation
INSTALLED := $(VENV)/.installed-$(subst =,-,$(TORCH))

# processes that share the tests: one a core, but no more than the tests can fill
WORKERS := auto --maxprocesses 8

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow test-recordings lint format bench clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-16s %s\n", $$1, $$2}'

$(INSTALLED): setup.py constraints.txt
	@echo "==> installing hf_ser into $(VENV) (a few minutes the first time)"
	@test -n "$(PYTHON)" || { echo "no Python was found: install Python 3.11, or say make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(VENV) holds an old Python; hf_ser needs 3.11: remove $(VENV), or say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "==> [1/2] $(TORCH)"
	@grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt; case "$(TORCH)" in *==*) echo "$(TORCH)" >> $(VENV)/constraints.txt;; esac
	$(BIN)/python -m pip install --progress-bar on $(if $(filter $(PINNED),$(TORCH)),,--upgrade) -c $(VENV)/constraints.txt "$(TORCH)"
	@echo "==> [2/2] hf_ser and its development tools"
	$(BIN)/python -m pip install --progress-bar on -c $(VENV)/constraints.txt -e ".[dev]"
	@rm -f $(VENV)/.installed-*; touch $@

install: $(INSTALLED)  ## Make .venv and install hf_ser with its development tools

demo: $(INSTALLED)  ## Classify real clips with the shipped model, then train a small one
	$(BIN)/python examples/demo.py

test: $(INSTALLED)  ## Run the tests (under 5 minutes on 2 cores)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: $(INSTALLED)  ## Run the longer tests
	$(BIN)/python -m pytest -m slow --timeout 1200

test-recordings: $(INSTALLED)  ## Run the tests on real corpora; HF_SER_DATA names their folder
	@test -n "$(HF_SER_DATA)" || { echo "say where the corpora are: make test-recordings HF_SER_DATA=/folder (with ravdess/ and emodb/ inside)"; exit 1; }
	HF_SER_DATA="$(HF_SER_DATA)" $(BIN)/python -m pytest -m recordings

lint: $(INSTALLED)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)  ## Mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)  ## Print the speed tables, measured side by side
	$(BIN)/python -m benchmarks

clean:  ## Remove .venv and caches; outputs/ is kept
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis build *.egg-info

# A fresh machine needs Python 3.11+, git and make; everything else is installed into .venv by what is here.
.PHONY: demo test soak lint format bench corpus checklist clean

PYTHON ?= python3
BIN := .venv/bin
# What users install is all the demo needs; every extra and the test tools are another gigabyte.
INSTALLED := .venv/.installed
READY := .venv/.ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("boringops needs Python 3.11 or newer; run make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv ..."
	@$(INSTALL) .
	@touch $@

$(READY): $(INSTALLED)
	@echo "Installing the extras and what the tests need ..."
	@$(INSTALL) ".[dev]"
	@touch $@

demo: $(INSTALLED) ## run the main job on a copy of memory_bank_example, without a key
	@rm -rf .demo && mkdir -p .demo/app && cp -R memory_bank_example/. .demo/app
	@cd .demo/app && git init --quiet --initial-branch main && git add . \
		&& git -c user.name=demo -c user.email=demo@localhost commit --quiet --message "An application without infrastructure"
	@cd .demo/app && ../../$(BIN)/boringops run "Containerise this application and set up CI/CD" --offline --approve auto
	@echo && git -C .demo/app --no-pager log --stat --max-count 1

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(READY) ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

soak: $(READY) ## kill -9 at every place and at 200 moments; every prefix of a journal. SEED=N draws other moments
	@BORINGOPS_SOAK=$(or $(SEED),1) $(BIN)/python -m pytest -s -p no:xdist tests/e2e/test_kill.py

checklist: $(READY) ## how each checklist item is settled; writes docs/checklist.md
	@$(BIN)/python -m tests.boringops.checklist_table

corpus: $(READY) ## what check catches of seeded defects, and whom it blames; writes docs/verification.md
	@$(BIN)/python -m tests.corpus --write

bench: $(READY) ## what boringops costs by itself, as ratios
	@$(BIN)/python benchmarks/bench.py
	@$(BIN)/python -m benchmarks.check

clean:
	@rm -rf .venv .demo dist build .mypy_cache .ruff_cache .pytest_cache

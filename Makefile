# make demo · make test · make check · make proofs · make proofs-pose · make bench
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
READY := $(VENV)/.ready

.PHONY: demo test check proofs proofs-pose bench format clean

demo: $(READY)
	$(BIN)/framecast demo --out $(DEMO)

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Slow proofs of the numbers in README.md and docs/: minutes to an hour.
proofs: $(READY)
	$(BIN)/pytest -m slow -s

proofs-pose: $(READY)
	$(BIN)/pytest -m hour -s

bench: $(READY)
	$(BIN)/python benchmarks/store_reading.py
	$(BIN)/python benchmarks/rollout_pose.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# `venv --without-pip` and `pip --python` need no python3-venv package on Debian and Ubuntu.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install -q -c constraints.txt -e '.[test,dev]'
	touch $(READY)

clean:
	rm -rf $(VENV) demo

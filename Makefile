# Each target sets up what it needs in .venv; nothing is installed anywhere else.
#
#   make demo    run the PodSet operator on the embedded cluster and watch it work
#   make test    all tests but those that need a real kube-apiserver
#   make kube    build the real control plane (about six minutes, once); then
#                `make test` runs the tests on it too
#   make check   formatting, lint, types, import layers, tests
#   make bench   figures, beside their peers, into docs/benchmarks.md (forty minutes,
#                after the peers are built); the short form is `make bench N=20000`
#   make bench-check   does every benchmark work, and every peer in Go and Python?
#   make fuzz-malformed COUNT=100000   malformed requests against a served embedded
#                server: none may hang, break it or make it grow (half an hour)
#   make fuzz-differential MINUTES=30   the same random requests to the embedded and to
#                the real server, which must answer alike; SEED=N starts elsewhere
#   make clean   remove everything that the targets above made

# Images of containers often set it; here every process would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
N ?= 100000
COUNT ?= 100000
MINUTES ?= 30
SEED ?= 1000

PEERS ?= python go rust
PYTHON314 ?= python3.14

# The long form has two sizes and ours at a million, and more patience with slow peers.
LONG := $(filter 100000,$(N))
BENCH ?= $(if $(LONG),--count 20000 --count 100000 --long,--count $(N)) --write

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow kube check lint types layers bench bench-check \
  bench-peers bench-python bench-go bench-rust wheel fuzz-malformed fuzz-differential clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "homeostat needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V)." >&2; \
	  echo "Name another one: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip

# What the library needs, for the demo; and what its tests and checks need besides.
$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo "setting up $(VENV)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.runtime
	@echo "setting up the test tools in $(VENV)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[uvloop]' --group dev
	@touch $@

demo: $(VENV)/.runtime
	@$(BIN)/homeostat demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup

test-slow: $(VENV)/.dev
	HOMEOSTAT_SLOW=full $(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup -m slow

kube:
	@tools/kube/build.sh .kube/bin $(PYTHON)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/mypy
	$(BIN)/pyright
	@# What users' checkers see of the library: less than 100 % fails. It asks the
	@# python on PATH where that is.
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright --verifytypes homeostat \
	  --ignoreexternal >build/types.txt || { cat build/types.txt; exit 1; }
	@# What readers copy from the documentation.
	$(BIN)/python -m tools.fences build/fences
	$(BIN)/mypy build/fences
	$(BIN)/pyright build/fences

layers: $(VENV)/.dev
	$(BIN)/lint-imports

check: lint types layers test

# Peers that cannot be installed or built here are left out, and the table says so.
.venv-peers/.installed: benchmarks/peers/requirements.txt | $(BIN)/python
	@echo "setting up the benchmarks' peers in .venv-peers"
	@$(BIN)/python -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet -r $< || { rm -rf .venv-peers; exit 1; }
	@touch $@

.venv-peers-3.14/.installed: benchmarks/peers/requirements-3.14.txt | $(BIN)/python
	@echo "setting up the peer that needs Python 3.14 in .venv-peers-3.14"
	@$(PYTHON314) -m venv --without-pip .venv-peers-3.14
	@$(BIN)/python -m pip --python .venv-peers-3.14/bin/python install --quiet -r $< || \
	  { rm -rf .venv-peers-3.14; exit 1; }
	@touch $@

bench-peers: $(PEERS:%=bench-%)

bench-python: $(VENV)/.dev
	-@$(MAKE) --no-print-directory .venv-peers/.installed
	-@! command -v $(PYTHON314) >/dev/null || \
	  $(MAKE) --no-print-directory .venv-peers-3.14/.installed

bench-go bench-rust: bench-%:
	@tools/bench-go/build.sh build/bench $*

bench: bench-peers
	-@$(MAKE) --no-print-directory kube
	$(BIN)/python -m benchmarks all
	BENCH_SECONDS=$(if $(LONG),600,120) $(BIN)/python -m benchmarks compare $(BENCH)
	$(BIN)/python -m benchmarks apiserver --write

# A program that is there and gives no figures fails; how good they are does not matter.
# With 500 objects none may take too long, with 10,000 the slow ones are stopped.
bench-check: bench-python bench-go
	BENCH_SECONDS=20 $(BIN)/python -m benchmarks compare \
	  --count 500 --count 10000 --pods 500 --reactions 50 --rounds 1
	$(BIN)/python -m benchmarks apiserver --objects 200 --seconds 0.2 --runs 1

wheel: $(VENV)/.dev
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

fuzz-malformed: $(VENV)/.dev
	$(BIN)/python -m tests.robust.assault --count $(COUNT) --seed $(SEED)

fuzz-differential: $(VENV)/.dev
	@$(MAKE) --no-print-directory kube
	$(BIN)/python -m tests.contract.differential --minutes $(MINUTES) --seed $(SEED)

clean:
	rm -rf $(VENV) .venv-peers .venv-peers-3.14 .kube build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The commands of the project. `make demo` and `make test` do all their own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=

.PHONY: help setup demo kafka test bench bench-envelope bench-adapter crash fuzz simulate nightly check format vectors lock clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

# Installed once, and again when the lock or the project's metadata changes.
$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hedui: 需要 Python 3.11 或以上 / Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

setup: $(STAMP)

## make demo [ARGS="..."]   set up, then run the main job on the embedded broker
demo: $(STAMP)
	@$(BIN)/hedui demo $(ARGS)

## make kafka [ARGS="..."]  set up, then run a real Kafka on 127.0.0.1:9093 until Ctrl-C (Java 17, Maven)
kafka: $(STAMP)
	@$(BIN)/python -m bus.broker.local --folder .kafka --port 9093 $(ARGS)

## make test [ARGS="..."]   set up, then run every test
test: $(STAMP)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope $(ARGS)

## make nightly             set up, then what takes longer: all in the 国密 suite, kill points, tests marked nightly
nightly: $(STAMP)
	@HEDUI_TEST_SUITE=sm2-sm4gcm/1 $(BIN)/python -m pytest --numprocesses 2 --dist loadscope tests/bus tests/demo
	@$(BIN)/python -m pytest --nightly -m nightly
	@$(BIN)/python tests/crash/crash_run.py

## make bench [ARGS="..."]  set up, then measure the whole path on a real Kafka (Java 17, Maven)
bench: $(STAMP)
	@$(BIN)/python tests/bench/bench.py $(ARGS)

## make bench-envelope      set up, then measure sealing and opening one message, beside others
bench-envelope: $(STAMP)
	@$(BIN)/python tests/bench/bench_envelope.py $(ARGS)

## make bench-adapter       set up, then the SQL connector beside SQL by hand, five million rows (PostgreSQL)
bench-adapter: $(STAMP)
	@PYTHONPATH=tests/services $(BIN)/python tests/bench/bench_adapter.py $(ARGS)

## make crash [ARGS="..."]  set up, then kill everything at every point, and keep account (a quarter of an hour)
crash: $(STAMP)
	@$(BIN)/python tests/crash/crash_run.py $(ARGS)

## make fuzz [ARGS="..."]   set up, then a million mutants of valid envelopes, and every parser under atheris
fuzz: $(STAMP)
	@$(BIN)/python tests/fuzz/fuzz.py $(ARGS)

## make simulate [ARGS=...] set up, then a year of 2,000 queries in one process, every deadline counted again
simulate: $(STAMP)
	@$(BIN)/python tests/simulate/simulate.py $(ARGS)

## make check               lint, format, types, layers (seconds)
check: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

## make format              rewrite the layout of the code
format: $(STAMP)
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

## make vectors             write the envelope vectors anew (as for a new kind; tests/vectors/envelope-v1 never changes)
vectors: $(STAMP)
	@$(BIN)/python tests/vectors/generate_envelope.py

## make lock                renew the locked dependencies (needs uv)
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --extra gm --extra pkcs11 --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --group build -o docker/build.lock

## make clean               remove what the commands made
clean:
	rm -rf $(VENV) .kafka docker/kafka/target bench-out fuzz-out demo-out .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

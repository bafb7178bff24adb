PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

MLFLOW := build/mlflow
MLFLOW_ASKS := tests/reconcile/mlflow.in tests/reconcile/mlflow-without.in

.PHONY: install demo test slow lint check fuzz mlflow docs lock site clean

install: $(STAMP)

# Of the versions that were last tested: what came out since then changes nothing by itself. Without
# them, `make install LATEST=1` takes the newest that pyproject.toml allows.
$(STAMP): pyproject.toml deploy/develop.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]' $(if $(LATEST),--upgrade --upgrade-strategy eager,--constraint deploy/develop.lock)
	touch $(STAMP)

demo: install
	$(BIN)/shadow-ai demo --output demo-output

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# All but those that take longest, which CI runs behind it.
test: install
	$(BIN)/pytest -m "not slow"

slow: install
	$(BIN)/pytest -m slow

check: lint test slow

# A real server for tests/reconcile/test_mlflow.py, which is skipped without one: 11 s and 240 MB.
mlflow: $(MLFLOW)/.installed

$(MLFLOW)/.installed: $(MLFLOW_ASKS) | install
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(MLFLOW)
	$(BIN)/uv pip install -q --python $(MLFLOW)/bin/python -r tests/reconcile/mlflow.in --overrides tests/reconcile/mlflow-without.in
	touch $@

# Longer: `make fuzz SECONDS_EACH=3600`. What it finds lies in build/fuzz.
SECONDS_EACH ?= 600
fuzz: install
	$(BIN)/python -m fuzz --seconds $(SECONDS_EACH)

docs: install
	$(BIN)/shadow-ai rules stats --markdown > docs/catalog.md
	$(BIN)/shadow-ai schema document > docs/document.schema.json
	$(BIN)/shadow-ai schema line > docs/line.schema.json
	for kind in provider policy framework registry registry-map same-as flows risk norms; do \
	  $(BIN)/shadow-ai schema $$kind > rules/schema/$$kind.json; done

	$(BIN)/shadow-ai permissions aws --split > deploy/terraform/aws/policies.json
	$(BIN)/shadow-ai permissions gcp --json > deploy/terraform/gcp/permissions.json
	$(BIN)/shadow-ai permissions azure --json > deploy/terraform/azure/actions.json

# What the image and an air-gapped machine install, each by its hash; and what the tests run with.
# `make lock LOCK_WITH=--upgrade` moves all of it to the newest.
LOCK_WITH ?=
LOCKED := --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url $(LOCK_WITH)
HASHED := $(LOCKED) --generate-hashes
lock: install
	$(BIN)/uv pip compile -q pyproject.toml $(HASHED) -o deploy/requirements.lock \
	  $(addprefix --extra ,cluster daemon kafka keyring notify objects png postgres traces zstd)
	printf 'hatchling\nsetuptools\n' | $(BIN)/uv pip compile -q - $(HASHED) -o deploy/build.lock
	printf 'build==1.3.0\ncyclonedx-bom==7.5.0\n' | $(BIN)/uv pip compile -q - $(HASHED) -o deploy/release.lock
	$(BIN)/uv pip compile -q pyproject.toml $(LOCKED) --extra dev -o deploy/develop.lock

site: install
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true PYTHONPATH=. $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) demo-output .pytest_cache .mypy_cache .ruff_cache

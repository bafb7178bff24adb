PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test lint check docs clean

install: $(STAMP)

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)

demo: install
	$(BIN)/shadow-ai demo --output demo-output

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install
	$(BIN)/pytest

check: lint test

docs: install
	$(BIN)/shadow-ai rules stats --markdown > docs/catalog.md
	$(BIN)/shadow-ai schema document > docs/document.schema.json
	$(BIN)/shadow-ai schema line > docs/line.schema.json
	for kind in provider policy framework registry registry-map same-as flows risk norms; do \
	  $(BIN)/shadow-ai schema $$kind > rules/schema/$$kind.json; done

clean:
	rm -rf $(VENV) demo-output .pytest_cache .mypy_cache .ruff_cache

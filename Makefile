# One target for each thing, and CI calls the same ones. A target needs nothing but Python 3.11 and make: it installs what it
# uses into .venv, once, and again when pyproject.toml or constraints.txt changes.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PACKAGE := pyproject.toml constraints.txt

# The same versions for what is installed and for what builds it (older and newer pip spell the latter differently).
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install demo test check format bench benchmark agreement calibration curves own-terms clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMPS)/base ## install the library and the command, nothing else

demo: $(STAMPS)/demo ## judge real solar cells from ten good ones and write a report
	$(BIN)/tenshot demo

test: $(STAMPS)/dev ## run every test, the examples in docstrings included
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

check: $(STAMPS)/dev ## format, lint, types, and which room may import which
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMPS)/dev ## rewrite the code as `make check` wants it, as far as that is safe
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(STAMPS)/eval ## measure speed and memory beside the alternatives
	$(BIN)/python -m tenshot.evaluation speed $(ARGS)

benchmark: $(STAMPS)/eval ## measure detectors on labelled images; what and how goes into ARGS
	$(BIN)/tenshot benchmark $(ARGS)

agreement: $(STAMPS)/eval ## compare nearest neighbour with anomalib's PatchCore on the same features
	$(BIN)/python -m tenshot.evaluation agreement $(ARGS)

calibration: $(STAMPS)/eval ## measure false alarms on unseen good images
	$(BIN)/python -m tenshot.evaluation calibration $(ARGS)

curves: $(STAMPS)/eval ## compare variants of episodic training; folders of tasks go into ARGS
	$(BIN)/python -m tenshot.evaluation curves $(ARGS)

own-terms: $(STAMPS)/eval ## compare trained weights with untrained ones; weights and tasks go into ARGS
	$(BIN)/python -m tenshot.evaluation own_terms $(ARGS)

clean: ## remove the environment, caches and builds
	rm -rf $(VENV) .peer .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is one pip call, so a demo never waits for development tools.
$(STAMPS)/base: WANTED = .
$(STAMPS)/demo: WANTED = .[demo]
$(STAMPS)/eval: WANTED = .[demo,eval,train]
$(STAMPS)/dev: WANTED = .[dev]
$(STAMPS)/base $(STAMPS)/demo $(STAMPS)/eval $(STAMPS)/dev: $(STAMPS)/python $(PACKAGE)
	$(BIN)/python -m pip install --editable '$(WANTED)'
	@touch $@

$(STAMPS)/python:
	@for python in $(PYTHON) python3.11 python3; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "make: Python 3.11 or newer is needed and neither python3.11 nor python3 is one; name it: make PYTHON=/path/to/python" >&2; exit 1; fi; \
	"$$found" -m venv --clear $(VENV)
	@mkdir -p $(@D) && touch $@

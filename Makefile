# make demo    randomized worlds -> vision policy -> reality twin -> fine-tuned policy -> bundle -> report (about 20 minutes)
# make test    lint, types, tests (about 7 minutes)
# make setup   .venv with everything, pinned (first time: about 4 minutes, 3 GB); both targets above run it
PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV := .venv
RUN := $(VENV)/bin/python
export OMP_NUM_THREADS ?= 1
export RAY_USAGE_STATS_ENABLED := 0

.PHONY: setup demo test lint clean

setup: $(VENV)/.ready

$(VENV)/.ready: setup.cfg pyproject.toml constraints.txt
	@echo "setup: making $(VENV) with pinned packages, about 4 minutes the first time"
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) not found; install Python 3.11 or name one: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "setup: $(PYTHON) is not Python 3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --progress-bar on --disable-pip-version-check --upgrade pip
	$(RUN) -m pip install --quiet --progress-bar on --disable-pip-version-check -c constraints.txt torch -e '.[dev]'
	@echo "setup: compiling renderer and kinematics, about half a minute"
	$(RUN) -m envs.warm
	@touch $@

demo: setup
	@echo "demo: the whole chain for a push policy, about 20 minutes on 2 cores; progress below, report at the end"
	$(RUN) -m experiments pipeline demo.yaml $(ARGS)

test: setup lint
	@echo "test: about 7 minutes on 2 cores"
	$(RUN) -m pytest $(ARGS)

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m mypy

clean:
	rm -rf $(VENV) build *.egg-info

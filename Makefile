# Everything runs from the project's own .venv; `make` alone prints the targets.
# PYTHON=…  the interpreter of .venv · SET=cpu|gpu  the pinned set · ARGS=…  passed on to pytest or the demo
# PORT=…    of the web page          · DAGSTER_HOME=/…  another folder for state, absolute

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export DAGSTER_HOME := $(CURDIR)/dagster_home
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PORT := 3000
BENCH := runner

.PHONY: help install demo test bench lint ui clean install-locked

help:  ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

install:  ## make .venv from the pinned set and fetch the embedded model; needs the network the first time
	@flock --nonblock .make.lock true || echo "Another make is installing here; waiting for it." >&2
	flock .make.lock $(MAKE) install-locked

demo: install  ## make one small night, train and judge a student, print where to look
	@.venv/bin/python -m r1data demo $(ARGS)

test: install  ## run every test (ARGS="-m 'not slow'" for the quick ones)
	@.venv/bin/python -m pytest -n logical --maxprocesses 4 --no-loadscope-reorder $(ARGS)

bench: install  ## measure, BENCH=runner|adaptive|browse|curation|decontaminate|dedup|gguf|grpo|judge|judge_replies|kills|language|readability|resume|sandbox|serve|throughput|tiny|verify_code|verify_forms|verify_math (minutes each; a quiet machine)
	@.venv/bin/python -m bench.$(BENCH) $(ARGS)

lint: install  ## check style and formatting
	@.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .

ui: install  ## serve Dagster's pages and its daemon on http://127.0.0.1:3000
	@exec .venv/bin/python -W 'ignore:Function `dev_command` is superseded' -m dagster dev -h 127.0.0.1 -p $(PORT) -w workspace.yaml

clean:  ## remove .venv and caches; the lake and the models stay
	@rm -rf .venv build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is named after all that it depends on, the folder included: scripts in .venv hold absolute paths.
# pip cannot mend every install that was cut off, so without the first stamp .venv is made anew.
install-locked:
	@set_name=$(SET)
	if [[ -z $$set_name ]]; then
	    if [[ $$(nvidia-smi -L 2>/dev/null) == GPU* ]]; then set_name=gpu; else set_name=cpu; fi
	fi
	pins=requirements/$$set_name.txt
	stamp() { { pwd -P; cat "$$@"; } | sha256sum | cut -c1-16; }
	pins_stamp=.venv/pins-$$(stamp $$pins)
	package_stamp=.venv/package-$$(stamp $$pins pyproject.toml)
	if [[ ! -e $$pins_stamp ]] || ! .venv/bin/python -c ''; then
	    python=
	    for candidate in $(or $(PYTHON),python3.11 python3); do
	        if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	            python=$$candidate
	            break
	        fi
	    done
	    if [[ -z $$python ]]; then
	        echo "Python 3.11, which the pinned set is for, was not found; install it or say make PYTHON=/its/path." >&2
	        exit 1
	    fi
	    if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then
	        echo "$$python has no venv; install it (Debian: apt install python3-venv) and repeat." >&2
	        exit 1
	    fi
	    total=$$(grep -c == $$pins)
	    echo "Installing $$total packages ($$set_name set) with $$($$python --version) into .venv; this takes minutes." >&2
	    rm -f .venv/pins-* .venv/package-*  # first, so that a half-cleared .venv is not taken for a whole one
	    $$python -m venv --clear .venv
	    n=0
	    .venv/bin/python -m pip install --no-deps --progress-bar off -r $$pins 2>.venv/pip.log | while read -r word second _; do
	        case "$$word $$second" in
	            Collecting*) (( ++n % 50 )) || echo "  found $$n of $$total" >&2 ;;
	            'Installing collected') echo "  unpacking $$total" >&2 ;;
	        esac
	    done || { tail -n 20 .venv/pip.log >&2; exit 1; }
	    touch $$pins_stamp
	fi
	if [[ ! -e $$package_stamp ]]; then
	    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	    .venv/bin/python -m r1data.curate.dedup.warm
	    .venv/bin/python -m r1data.curate.decontaminate.warm
	    .venv/bin/python -m r1data.curate.readability.warm
	    touch $$package_stamp
	fi
	.venv/bin/python -m r1data model fetch >/dev/null

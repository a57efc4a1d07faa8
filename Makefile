# Short names for commands that README.md also spells out. They work from any folder: make -f "path to/Makefile" train
#   make train ARGS="--epochs 3"      trains; ARGS is passed on to mnist_cnn.py
#   make serve ARGS="--port 9000"     serves the page
#   make quick                        runs the fast tests, with few subprocesses and no browser: a minute
#   make test                         runs the whole test suite: about 14 minutes on two cores
#   make lint                         checks style and types of Python and JavaScript
#   make faults                       injects kills, failing system calls, malformed requests, full disks: up to 20 minutes
#   make benchmark                    runs the short benchmarks, 15 minutes, and updates README's tables
#   make benchmark-all                runs all benchmarks, hours: benchmarks/README.md

# The folder of this file; its path may have any characters.
HERE := $(shell dirname "$$(printf '%s' '$(subst ','\'',$(MAKEFILE_LIST))' | sed 's/^ *//')")
PYTHON ?= python3
PACKAGES := torch torchvision numpy click PIL
HAS_ALL := $(PYTHON) -c "import sys; from importlib.util import find_spec; \
    sys.exit(not all(map(find_spec, '$(PACKAGES)'.split())))" 2>/dev/null

.PHONY: train serve quick test lint faults benchmark benchmark-all venv

# If $(PYTHON), or the active virtual environment's, has all packages, nothing is installed.
train:
	@if $(HAS_ALL); then cd "$(HERE)" && exec $(PYTHON) mnist_cnn.py $(ARGS); fi; \
	$(MAKE) --no-print-directory -f "$(HERE)/Makefile" venv && cd "$(HERE)" && exec .venv/bin/python mnist_cnn.py $(ARGS)

serve:
	@cd "$(HERE)" && python=.venv/bin/python; [ -x $$python ] || python=$(PYTHON); exec $$python server.py $(ARGS)

quick test lint: venv
	@cd "$(HERE)" && exec sh tests/run $@ $(ARGS)

faults: venv
	@cd "$(HERE)" && exec .venv/bin/python -m tests.faults

benchmark: venv
	@cd "$(HERE)" && for program in start run_log server synthetic "presets fast default" table; do \
	    set -- $$program && name=$$1 && shift && .venv/bin/python benchmarks/$$name.py "$$@" || exit; done

# pictures and non_digits use the weights of a run that is trained first; the last two need Chromium and the test tools.
benchmark-all: benchmark
	@cd "$(HERE)" && folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	.venv/bin/python mnist_cnn.py --quiet --dataset mnist --results-dir "$$folder" && \
	for program in time_to_99 "presets best textbook" "presets tiny --seeds 10" peers architectures viewers slow_clients \
	    "pictures $$folder/mnist_cnn.pth" "non_digits $$folder/mnist_cnn.pth" table page table; do \
	    set -- $$program && name=$$1 && shift && .venv/bin/python benchmarks/$$name.py "$$@" || exit; done

# Packages are installed again whenever requirements.txt is newer than the last installation.
venv:
	@cd "$(HERE)" && if [ ! .venv/installed -nt requirements.txt ]; then \
	    .venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || exit 1; \
	    echo "Installing torch and the other packages into .venv: some minutes, once." && \
	    .venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt && \
	    touch .venv/installed; fi

# Short names for commands that README.md also spells out. They work from any folder: make -f "path to/Makefile" train
#   make train ARGS="--epochs 3"      trains; whatever stands in ARGS goes to mnist_cnn.py
#   make serve ARGS="--port 9000"     serves the page
#   make test                         runs the whole test suite
#   make benchmark                    measures, for README's tables

HERE := $(shell dirname "$$(printf '%s' '$(MAKEFILE_LIST)' | sed 's/^ *//')")
PYTHON ?= python3

.PHONY: train serve test benchmark venv

train: venv
	@cd "$(HERE)" && exec .venv/bin/python mnist_cnn.py $(ARGS)

serve:
	@cd "$(HERE)" && python=.venv/bin/python; [ -x $$python ] || python=$(PYTHON); exec $$python server.py $(ARGS)

test: venv
	@cd "$(HERE)" && exec sh tests/run $(ARGS)

benchmark: venv
	@cd "$(HERE)" && for name in run_log server synthetic training; do .venv/bin/python benchmarks/$$name.py || exit; done

# Installed anew whenever requirements.txt is newer than the last installation.
venv:
	@cd "$(HERE)" && if [ ! .venv/installed -nt requirements.txt ]; then \
	    [ -x .venv/bin/python ] || $(PYTHON) -m venv .venv || exit 1; \
	    echo "Installing torch and the other packages into .venv: some minutes, once." && \
	    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt && \
	    touch .venv/installed; fi

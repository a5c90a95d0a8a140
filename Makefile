# The two commands are `make lab` and `make check`; `make` alone lists the others.
#
#   PYTHON=python3.12       another interpreter than python3, for a fresh .venv
#   TORCH=cuda              PyTorch for NVIDIA cards; TORCH=cpu the small one; else make looks for a card
#   TORCH_INDEX=https://…   the index that PyTorch comes from, in place of that choice
#   ARGS="…"                options for JupyterLab, or for pytest
#   CONSTRAINTS=            the newest versions that pyproject.toml allows, not the tested ones

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
TORCH ?= auto

BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	$(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))
FIND_INDEX = index=$(if $(TORCH_INDEX),$(TORCH_INDEX),$$($(BIN)/python tools/torch_index.py $(TORCH))) || exit

# TensorFlow stays apart from the course, and finds everything else in the course's environment.
KERAS := .venv-keras/bin
PURELIB = -c 'import os, sysconfig; print(os.path.relpath(sysconfig.get_path("purelib")))'

# A picture of 100 MB, the most that the course takes, is one message. A server refuses 10 MB in
# silence, so COURSE_UPLOADS tells the explorers that this one does not.
LAB_OPTIONS = --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_welcome.ipynb \
	--LabApp.extension_manager=readonly \
	--ServerApp.tornado_settings='{"websocket_max_message_size": 110000000}'

# Two processes with one thread each do more than one with two threads, and mind company less.
WORKERS = OMP_NUM_THREADS=1
PYTEST = $(WORKERS) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not whole"

# Every part runs even when one before it has failed.
# Named by their files, they would call the Python of the folder in which they were installed.
STYLE = for tool in "-m ruff check" "-m ruff format --check" $(BIN)/basedpyright \
	$(BIN)/lint-imports; do $(BIN)/python $$tool || status=1; done
QUICK = tests/unit tests/lessons tests/setup tests/shipped
verdict = if [ $$status = 0 ]; then echo "make $(1): all passed"; else echo "make $(1): FAILED"; fi; \
	exit $$status

NOTEBOOKS = notebooks $(if $(wildcard exercises/solutions/*.ipynb),exercises/solutions)

.PHONY: help lab site check test test-rest test-all lessons exercises badges constraints clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

lab: .venv/lab.stamp ## open the course in JupyterLab; the first call sets it up
	COURSE_UPLOADS=1 $(BIN)/python -m jupyterlab $(LAB_OPTIONS) $(ARGS)

site: .venv/lab.stamp site/node_modules ## write the website into _site/; needs Node
	$(BIN)/python site/build.py $(ARGS)

check: .venv/test.stamp ## in some minutes: style, types, floors, library, how the notebooks are made
	@status=0; $(STYLE); \
	$(subst not whole,not whole and not slow,$(PYTEST)) $(QUICK) $(ARGS) || status=1; \
	$(call verdict,check)

# Every part runs even when one before it has failed; any failure fails the whole. The longest file
# comes first: the other process takes everything else meanwhile.
test: .venv/test.stamp ## before you hand in: that, every notebook, every explorer in Chromium
	@$(BIN)/python tests/browser/chromium.py
	@status=0; $(STYLE); \
	$(PYTEST) --durations=20 --nbval --nbval-cell-timeout=900 \
		tests/browser tests $(NOTEBOOKS) $(ARGS) || status=1; \
	$(call verdict,test)

# On PyTorch too: the same environment on both shows that the backend makes no difference.
test-rest: .venv-keras/test.stamp ## what takes long and seldom changes: weights, stops, TensorFlow
	@status=0; \
	$(subst loadfile,load,$(subst not whole,whole,$(PYTEST))) --durations=20 tests $(ARGS) || status=1; \
	for backend in torch tensorflow; do \
		echo "Keras on $$backend"; \
		export KERAS_BACKEND=$$backend; \
		$(WORKERS) $(KERAS)/python -m pytest -n 2 --dist loadfile --nbval --nbval-current-env \
			--nbval-cell-timeout=900 tests/lessons/test_keras.py notebooks/A_keras.ipynb \
			$(ARGS) || status=1; \
	done; \
	$(call verdict,test-rest)

test-all: ## everything
	@status=0; $(MAKE) test || status=1; $(MAKE) test-rest || status=1; exit $$status

lessons: .venv/test.stamp ## run every lesson and store its outputs, with seconds and memory
	$(BIN)/python tools/store_outputs.py $(ARGS)

exercises: .venv/lab.stamp ## write the student notebooks from exercises/solutions
	$(BIN)/python tools/exercises.py

badges: .venv/lab.stamp ## write launch badges and links, once pyproject.toml has the address
	$(BIN)/python tools/badges.py

constraints: ## find the newest versions that work together on every system: uv.lock, constraints.txt
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --quiet uv
	.venv-constraints/bin/uv lock --upgrade
	grep '^#' constraints.txt > .venv-constraints/pins.txt
	.venv-constraints/bin/uv export --quiet --frozen --extra test --no-emit-project --no-hashes \
		--no-annotate --no-header > .venv-constraints/found.txt
	grep -Ev '^(nvidia-|cuda-|triton=)' .venv-constraints/found.txt >> .venv-constraints/pins.txt
	mv .venv-constraints/pins.txt constraints.txt
	rm -r .venv-constraints

clean: ## remove the environment and everything else that is made anew
	rm -rf .venv .venv-keras .venv-constraints *.egg-info build _site site/node_modules .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

site/node_modules: site/package-lock.json
	npm ci --prefix site --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.venv/lab.stamp: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Setting up the course in .venv: minutes the first time, and some GB of downloads."
	$(FIND_INDEX); $(INSTALL) $${index:+--extra-index-url "$$index"} --editable .
	@# pip notes where the folder stands now. This way from .venv to the library holds where the
	@# folder is renamed, moved or copied, too.
	@$(BIN)/python -c 'import os, sysconfig; at = sysconfig.get_path("purelib"); \
		open(os.path.join(at, "course.pth"), "w").write(os.path.relpath(".", at) + "\n")'
	@# JupyterLab would ask every student whether to fetch news, and look for updates.
	$(BIN)/python -m jupyterlab.labextensions disable --level=sys_prefix --log-level=ERROR \
		@jupyterlab/apputils-extension:announcements
	@touch $@

.venv/test.stamp: .venv/lab.stamp
	$(INSTALL) --editable '.[test]'
	@touch $@

.venv-keras/test.stamp: requirements-keras.txt .venv/test.stamp
	@echo "Setting up TensorFlow in .venv-keras: a minute or more, and 1.4 GB of disk."
	@# Without pip, that of .venv is found too; an old setuptools of its own would hide the new one.
	$(BIN)/python -m venv --clear --without-pip .venv-keras
	@# A line of code in a .pth file is run: addsitedir also finds what is installed as editable.
	@echo "import os, site, sys; \
		site.addsitedir(os.path.join(sys.prefix, '..', r'$$($(BIN)/python $(PURELIB))'))" \
		> "$$($(KERAS)/python $(PURELIB))/course.pth"
	$(KERAS)/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements-keras.txt
	@# JupyterLab looks here for its parts, widgets and settings, should it be started from there.
	@ln -sfn ../.venv/share ../.venv/etc .venv-keras/
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs \
	Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }  # a half-made one would pass for whole

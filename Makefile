# Five Bridges. Each target is one call of `course …` or pytest; `make .venv` is the set-up alone.
#   make lab ARGS=--no-browser     ARGS is passed on
#   make .venv PYTHON=python3.12   chooses the Python (3.11 or newer)

# The virtual environment comes first for whatever these targets start: nbgrader calls alembic, notebooks call python.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PYTHONS := $(if $(PYTHON),'$(PYTHON)',python3 python3.13 python3.12 python3.11)

.PHONY: help .venv lab test bench lint refresh release verify awscli sdks lock clean

help:
	@echo 'make lab      set up, then open the course in JupyterLab'
	@echo 'make test     set up, then run every check'
	@echo 'make .venv    set up only'
	@echo 'make lint | refresh | release | verify | bench | awscli | sdks | lock | clean     for authors: docs/'

lab: .venv/ready
	@.venv/bin/python -m course lab $(ARGS)

test: .venv/ready
	.venv/bin/python -m pytest --nbval $(ARGS)

bench: .venv/ready
	.venv/bin/python -m bench $(ARGS)

lint refresh release verify: .venv/ready
	.venv/bin/python -m course $@ $(ARGS)

.venv: .venv/ready

# Redone when a pin changes. The stamp is written last: a set-up that was interrupted is done again.
.venv/ready: requirements.lock pyproject.toml
	@for python in $(PYTHONS) none; do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	 done; \
	 if [ "$$python" = none ]; then \
	    echo "Five Bridges needs Python 3.11 or newer, but found none: tried" $(PYTHONS). \
	         "Install one, then say where it is: make .venv PYTHON=/path/to/python3" >&2; exit 1; \
	 fi; \
	 .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	 "$$python" -m venv --clear .venv || { \
	    echo "$$python could not make .venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo 'Setting up .venv: one to two minutes, once.'
	.venv/bin/python -m pip install -qq --no-compile --require-hashes --requirement requirements.lock
	.venv/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@# Importing source is three times slower. Some packages carry files for other Pythons, which do not compile.
	-@PYTHONWARNINGS=ignore .venv/bin/python -m compileall -qq -j 0 .venv/lib course
	@touch .venv/ready

# The AWS CLI has an environment of its own: it brings its own botocore. Only tests/acceptance use it.
awscli: build/awscli-venv/ready

build/awscli-venv/ready: tests/acceptance/requirements-awscli.lock | .venv/ready
	.venv/bin/python -m venv --clear build/awscli-venv
	build/awscli-venv/bin/python -m pip install -qq --require-hashes --requirement $<
	@touch $@

# So have the SageMaker SDKs: 335 and 730 MB, for acceptance alone.
sdks: build/sdk-v2-venv/ready build/sdk-v3-venv/ready

build/sdk-%-venv/ready: tests/acceptance/requirements-sdk-%.lock | .venv/ready
	.venv/bin/python -m venv --clear build/sdk-$*-venv
	build/sdk-$*-venv/bin/python -m pip install -qq --require-hashes --requirement $<
	@touch $@

# Needs uv on PATH: it alone resolves for every platform and Python at once.
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock $(ARGS)
	echo 'awscli==1.46.2' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --quiet --output-file tests/acceptance/requirements-awscli.lock
	echo 'sagemaker==2.257.7' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --quiet --output-file tests/acceptance/requirements-sdk-v2.lock
	echo 'sagemaker==3.27.0' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --quiet --output-file tests/acceptance/requirements-sdk-v3.lock
	python3 -m course.environment

# Only what set-up and tests made; work/, submitted/ and gradebook.db are people's and stay.
clean:
	rm -rf .venv build artefacts five_bridges.egg-info

# What people of PostgreSQL type. The work is done by scripts/, each of which says what it does.
.PHONY: help demo up down test mutants bench lint typecheck install clean deps build

help:
	@echo 'make demo       build, and play the example shop: hostnames to rows, a fleet, export and back'
	@echo 'make up         start the example shop to play with; addresses are in target/up.env'
	@echo 'make down       end it'
	@echo 'make test       build, and run all tests'
	@echo 'make mutants    switch off each guard in turn, and show the test that fails without it'
	@echo 'make lint       formatting and lints'
	@echo 'make typecheck  does the extension compile for PostgreSQL 16, 17 and 18?'
	@echo 'make bench      what a switch of the tenant costs'
	@echo 'make install    put extension and sidecar into the PostgreSQL of PG_CONFIG'
	@echo 'make clean      remove what was built'

deps:
	@scripts/deps.sh

build: deps
	@scripts/build.sh

demo: build
	@scripts/demo.sh

up: build
	@scripts/up.sh

down:
	@scripts/down.sh

test: build
	@scripts/test.sh

mutants:
	@scripts/mutants.sh

bench: deps
	@scripts/build.sh --release
	@tests/bench/instructions.sh

lint: deps
	@scripts/lint.sh

typecheck: deps
	@scripts/typecheck.sh

install: deps
	@scripts/build.sh --release
	@scripts/install.sh

clean: down
	@cargo clean

# The front door. Each target does the set-up it needs; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup build demo test quick-test test-newest test-long bench bench-memory bench-serve bench-peers lint format coverage fuzz install clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## Install what Debian packages are missing for everything below
	@tools/setup.sh build test coverage python

build: ## Build the program, build/release/onda
	@tools/setup.sh build
	@tools/configure.sh release ONDA_BUILD_TESTS?=OFF
	@cmake --build build/release --target onda

demo: build ## Classify real images with a real model
	@tools/demo.sh

test: ## Run every test: release, sanitizers, fuzz targets, lint
	@tools/setup.sh build test
	@tools/test.sh

quick-test: ## Run the unit, conformance and integration tests in release only
	@tools/setup.sh build test
	@tools/test.sh release

test-newest: ## Run the same tests against the newest ONNX Runtime that was tried
	@tools/setup.sh build test
	@tools/test_newest.sh

test-long: ## Run what is too long for every change: a model above 2 GB, fuzz targets for ten minutes each
	@tools/setup.sh build test
	@ONDA_FUZZ_SECONDS=600 tools/test.sh long fuzz

bench: ## Measure, print the tables, write build/bench/*.json
	@tools/setup.sh build
	@tools/bench.sh

bench-memory: ## Measure allocators and memory under load (half an hour)
	@tools/setup.sh build
	@tools/bench.sh allocation mix

bench-serve: ## Measure the server, always beside something else (half an hour; ONDA_BENCH_QUICK=1: five minutes)
	@tools/setup.sh build bench
	@tools/bench.sh json serve

bench-peers: ## Measure the server beside FastAPI, Go and others on this machine (ten minutes)
	@tools/setup.sh build bench
	@tools/bench.sh peers

lint: ## Check the format and run clang-tidy, on every file
	@tools/setup.sh build test
	@tools/lint.sh

format: ## Format every source file
	@tools/setup.sh test
	@git ls-files '*.h' '*.cpp' | xargs clang-format-16 -i

coverage: ## Print lines and branches that the tests run, by module
	@tools/setup.sh build test coverage
	@tools/coverage.sh

fuzz: ## Run each fuzz target for a minute
	@tools/setup.sh build test
	@ONDA_FUZZ_SECONDS=60 tools/test.sh fuzz

install: ## Install below PREFIX (default /usr/local)
	@tools/setup.sh build
	@tools/configure.sh release ONDA_BUILD_TESTS?=OFF
	@cmake --build build/release --target onda onda_library
	@cmake --install build/release --prefix "$(or $(PREFIX),/usr/local)"

clean: ## Remove build/; the cache of downloads stays
	@rm -rf build

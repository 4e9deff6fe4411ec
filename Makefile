# Everything there is to do. `make` alone lists it.

.DEFAULT_GOAL := help
CARGO := cargo

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build-tools ## build what is needed and serve Lockgate at http://127.0.0.1:8080
	$(CARGO) run --release --locked --bin lockgate -- serve

build: build-tools ## build the release binary, target/release/lockgate
	$(CARGO) build --release --locked --bin lockgate

gen: ## write every generated file anew
	$(CARGO) run --locked --quiet --package tests --bin gen

test: tools lint ## install what the tests need, and run them all
	$(CARGO) build --locked --workspace
	$(CARGO) nextest run --locked --workspace
	sh tests/fuzz/fuzz.sh 20

fuzz: ## each fuzz target for a while: make fuzz SECONDS=600
	sh tests/fuzz/fuzz.sh $(or $(SECONDS),20)

bench-engine: ## the engine beside Restate, LocalStack and moto; its steps, waiting executions and disk, measured (QUICK=1: less of each)
	$(CARGO) build --release --locked --workspace --bin lockgate
	$(CARGO) bench --locked --workspace --bench engine

bench-audio: tools ## lockgate convert beside ffmpeg and flac: time, processor time, memory and size (QUICK=1 for the short files)
	$(CARGO) build --release --locked --workspace --bin lockgate
	$(CARGO) bench --locked --workspace --bench audio

bench-flow: ## from PUT /xcode to the first byte, and from the last byte to Done, measured
	$(CARGO) build --release --locked --workspace
	target/release/bench-flow

sim: ## the engine's simulation with many seeds: make sim SEEDS=1000000
	SIM_SEEDS=$(or $(SEEDS),100000) $(CARGO) nextest run --locked --workspace -E 'test(simulation)' --no-capture

lint: ## formatting and clippy, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## licences, sources and bans of all dependencies (asks the network; needs `cargo install cargo-deny`)
	$(CARGO) deny --locked check licenses bans sources

tools: ## install what the tests need (as root; otherwise say what is missing)
	@sh tests/tools.sh test

build-tools: ## install what a build needs (as root; otherwise say what is missing)
	@sh tests/tools.sh build

.PHONY: help run build gen test bench-audio bench-engine bench-flow fuzz sim lint deny tools build-tools

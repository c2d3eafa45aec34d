# Evenkeel's commands. `make demo` and `make test` do everything on a fresh Debian 12 machine that has the
# Swift toolchain: they install what is missing (as root, or through sudo), build and run.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := embedded

BUILD := build
VENV := .venv
PY := $(VENV)/bin/python
CC := gcc
CORE_C := $(sort $(shell find CSources/EvenkeelCore -name '*.c'))
SYS_C := $(sort $(shell find CSources/EvenkeelSys -name '*.c'))
CORE_H := $(shell find CSources -name '*.h')
INCLUDES := -ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include
WARN := -std=gnu11 -Wall -Wextra -Wconversion -Werror -D_GNU_SOURCE
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
SYS_LIBS := -ljansson -linih
SWIFT_SOURCES := $(shell find Sources CSources Package.swift -type f 2>/dev/null)
C_TEST_FILES := $(sort $(shell find Tests/core Tests/sys -name 'test_*.c'))
C_TESTS := $(patsubst %.c,$(BUILD)/core/%,$(notdir $(C_TEST_FILES)))
vpath test_%.c $(sort $(dir $(C_TEST_FILES)))
JOBS ?= $(shell nproc)
WORKERS ?= 4
SECONDS_A_FUZZER ?= 20
SIM_SEEDS ?= 200
SIM_DAYS ?= 30

# The Swift optimiser orders some of its work by addresses: without their randomisation one tree in one place
# gives one program.
STILL := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.PHONY: embedded ordinary demo deps core-so clean loc lint fuzz soak
.PHONY: test test-lint test-core test-python test-swift test-e2e test-web test-signer test-crash
.PHONY: test-soak test-sim test-mutants test-fuzz

embedded: bin/evenkeel
ordinary: bin/evenkeel-ordinary

# The program to install: what SwiftPM makes, without its symbols. With them it stays in the scratch folder,
# for debuggers and profilers.
bin/evenkeel: $(SWIFT_SOURCES) $(BUILD)/deps.stamp
	EVENKEEL_EMBEDDED=1 $(STILL) swift build -c release --product evenkeel \
		--disable-local-rpath --scratch-path .build-embedded
	mkdir -p bin && strip -s -R .comment -o $@.new .build-embedded/release/evenkeel && mv $@.new $@

bin/evenkeel-ordinary: $(SWIFT_SOURCES) $(BUILD)/deps.stamp
	swift build -c release --product evenkeel --disable-local-rpath --static-swift-stdlib
	mkdir -p bin && strip -s -o $@.new .build/release/evenkeel && mv $@.new $@

# The machine on its bench, for the property tests; never shipped.
bin/evenkeel-probe: $(SWIFT_SOURCES) $(wildcard Tests/probe/*.swift) Tests/EvenkeelTests/Engine/Bench.swift \
		$(BUILD)/deps.stamp
	swift build -c release --product evenkeel-probe --disable-local-rpath --static-swift-stdlib
	mkdir -p bin && cp .build/release/evenkeel-probe $@.new && mv $@.new $@

# --- ARM: the program for 64-bit boards; the C core alone for 32-bit ones
.PHONY: arm64 test-arm
arm64: bin/evenkeel-arm64
bin/evenkeel-arm64: $(SWIFT_SOURCES) Tools/cross.py Tools/package.py Tools/sysroot.sh
	mkdir -p bin && $(STILL) python3 Tools/cross.py arm64 $@

deps: $(BUILD)/deps.stamp
$(BUILD)/deps.stamp: Tools/deps.sh
	mkdir -p $(BUILD) && bash Tools/deps.sh build && touch $@

$(VENV)/ready: Tools/deps.sh Tests/requirements.txt
	bash Tools/deps.sh test
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
	touch $@

demo: bin/evenkeel
	bin/evenkeel demo

# --- benchmarks: core, peers and whole processes in one run, into Benchmarks/RESULTS.md.
# The core as the shipped program compiles it.
.PHONY: bench bench-input instructions test-instructions
BENCH := $(BUILD)/bench/bench
BENCH_FLAGS := $(WARN) -Os -fstack-protector-strong -ffunction-sections
$(BENCH): $(wildcard Benchmarks/*.c Benchmarks/*.h) $(CORE_C) $(CORE_H) $(BUILD)/deps.stamp
	mkdir -p $(BUILD)/bench
	clang $(BENCH_FLAGS) -ICSources/EvenkeelCore/include -ICSources/EvenkeelCore \
		$(wildcard Benchmarks/*.c) $(CORE_C) -lsodium -o $@
$(BUILD)/bench/floor: Benchmarks/tools/floor.c
	mkdir -p $(BUILD)/bench && $(CC) $(WARN) -O2 $< -lcurl -o $@
$(BUILD)/bench/allocations.so: Benchmarks/tools/allocations.c
	mkdir -p $(BUILD)/bench && $(CC) -O2 -Wall -Wextra -Werror -fPIC -shared $< -o $@
$(BUILD)/bench/venv/ready: Benchmarks/requirements.txt
	bash Tools/deps.sh bench
	mkdir -p $(BUILD)/bench && python3 -m venv $(BUILD)/bench/venv
	$(BUILD)/bench/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r Benchmarks/requirements.txt
	touch $@
# AGAINST: a tree of an older version, its bin/evenkeel and build/bench/bench built, to measure beside.
AGAINST ?=
bench: bin/evenkeel $(BENCH) $(BUILD)/bench/floor $(BUILD)/bench/allocations.so \
		$(BUILD)/bench/venv/ready $(VENV)/ready
	$(PY) Benchmarks/run.py $(if $(AGAINST),--against $(AGAINST))
# New saved reads, from the embedded chain of this build; then the instruction counts are others too.
bench-input: bin/evenkeel $(BENCH)
	bash Benchmarks/record.sh bin/evenkeel $(BENCH) Benchmarks/input
instructions: $(BENCH)
	Benchmarks/instructions.sh $(BENCH) --write
test-instructions: $(BENCH)
	bash Tools/deps.sh count
	Benchmarks/instructions.sh $(BENCH)

# --- Debian packages: build/evenkeel_VERSION_amd64.deb, and _arm64.deb of the cross build
.PHONY: deb deb-arm64 test-deploy
deb: bin/evenkeel
	bash Tools/deps.sh deb && Deploy/deb/build.sh
deb-arm64: bin/evenkeel bin/evenkeel-arm64
	bash Tools/deps.sh deb && BINARY=bin/evenkeel-arm64 ARCH=arm64 Deploy/deb/build.sh

# --- the core as a shared library, for the Python oracles
core-so: $(BUILD)/libevenkeelcore.so $(BUILD)/libevenkeelsys.so
$(BUILD)/libevenkeelcore.so: $(CORE_C) $(CORE_H) $(BUILD)/deps.stamp
	$(CC) $(WARN) -O2 -fPIC -shared $(INCLUDES) $(CORE_C) -lsodium -o $@
# With what only tests need of the covers.
$(BUILD)/libevenkeelsys.so: $(SYS_C) $(CORE_C) $(CORE_H) $(wildcard Tests/support/*.c) $(BUILD)/deps.stamp
	$(CC) $(WARN) -O2 -fPIC -shared $(INCLUDES) $(CORE_C) $(SYS_C) $(wildcard Tests/support/*.c) \
		-lsodium $(SYS_LIBS) -o $@

# --- tests. `make check` is for while working; `make test` runs every layer, side by side (Tools/stages.py)
.PHONY: check tidy format test-needs test-tidy check-e2e check-sim
check: tidy format test-lint test-core test-swift check-e2e check-sim
	@echo "checked; make test runs everything"
# A slice of whole programs against the embedded chain, and twenty seeds of the simulator.
check-e2e: bin/evenkeel $(VENV)/ready
	$(PY) -m pytest -q -n 2 Tests/e2e/test_scenarios.py Tests/e2e/test_money.py -k "embedded or not ordinary"
check-sim: bin/evenkeel
	bash Tests/sim/run.sh -b bin/evenkeel -n 20 -d $(SIM_DAYS)

test:
	bash Tools/deps.sh test
	python3 Tools/stages.py

# Everything that several layers would otherwise install or make at the same time.
test-needs: $(BUILD)/deps.stamp $(VENV)/ready
	for what in lint count cross deploy; do bash Tools/deps.sh $$what; done
	$(MAKE) -s core-so

# The repository's own rules. Each check stands alone, needs Python's standard library only, and all are run.
tidy:
	@failed=0; for check in Tools/tidy/*.py; do python3 $$check || failed=1; done; exit $$failed

# Formatters in lint mode: `ruff.toml` for the Python of tests and tools; the rules of `.swift-format` for all
# of the Swift; `.clang-format` for the lines of C that are changed since HEAD. CONTRIBUTING.md says what they
# would change as a whole.
format: $(BUILD)/deps.stamp $(VENV)/ready
	bash Tools/deps.sh lint
	$(VENV)/bin/python -m ruff format --check -q Tests Tools
	swift format lint --strict --parallel --debug-disable-pretty-print --recursive Sources Tests Package.swift
	bash Tools/changed-c.sh

$(BUILD)/core/libunder.a: $(CORE_C) $(SYS_C) $(CORE_H) $(BUILD)/deps.stamp
	mkdir -p $(BUILD)/core/o && rm -f $@ $(BUILD)/core/o/*
	printf '%s\n' $(CORE_C) $(SYS_C) | xargs -P $(JOBS) -I{} sh -c \
		'$(CC) $(WARN) $(SANITIZE) $(INCLUDES) -c {} -o $(BUILD)/core/o/$$(basename {} .c).o'
	ar rcs $@ $(BUILD)/core/o/*.o
$(BUILD)/core/test_%: test_%.c $(wildcard Tests/support/*.h) $(BUILD)/core/libunder.a
	$(CC) $(WARN) $(SANITIZE) $(INCLUDES) -ITests/support -ICSources/EvenkeelCore -ICSources/EvenkeelSys \
		$< $(BUILD)/core/libunder.a -lsodium $(SYS_LIBS) -o $@
test-core: $(C_TESTS)
	@for t in $(C_TESTS); do echo "$$t"; $$t; done

# gcc, clang, clang-tidy and cppcheck over the C; every finding is an error.
lint test-lint: $(BUILD)/deps.stamp
	bash Tools/deps.sh lint
	JOBS=$(JOBS) bash Tests/lint/run.sh

test-python: core-so bin/evenkeel-probe $(VENV)/ready
	$(PY) -m pytest -q -n $(JOBS) Tests/property Tests/conformance Tests/tidy

test-swift: $(BUILD)/deps.stamp
	swift test

test-e2e: bin/evenkeel bin/evenkeel-ordinary $(VENV)/ready
	$(PY) -m pytest -q -n $(WORKERS) Tests/e2e

# The web role: its server alone under the sanitizers, and the page in a browser over a demo run.
test-web: bin/evenkeel $(VENV)/ready
	$(PY) -m pytest -q Tests/web

# The process with the key, spoken to directly and end to end.
test-signer: bin/evenkeel core-so $(VENV)/ready
	$(PY) -m pytest -q Tests/signer

test-crash: bin/evenkeel $(VENV)/ready
	$(PY) -m pytest -q Tests/crash

# Package, unit, supervisors, man page, completions, Prometheus. What cannot be had on this machine is
# skipped by name.
test-deploy: bin/evenkeel $(VENV)/ready
	bash Tools/deps.sh deploy
	$(PY) -m pytest -q -rs Tests/deploy

# The simulator over many seeds with every fault, and three deliberate mutants that it must catch.
test-sim: bin/evenkeel-ordinary
	JOBS=$(JOBS) bash Tests/sim/run.sh -n $(SIM_SEEDS) -d $(SIM_DAYS)

test-mutants: $(BUILD)/deps.stamp
	bash Tests/mutants/run.sh forget-the-journal resign-before-expiry skip-fsync

# The C unit tests on both ARMs, and the arm64 program through whole corrections, under an emulator.
test-arm: bin/evenkeel-arm64 bin/evenkeel $(VENV)/ready
	bash Tests/arm/units.sh arm64 aarch64-linux-gnu aarch64 "$(C_TESTS)"
	bash Tests/arm/units.sh armhf arm-linux-gnueabihf arm "$(C_TESTS)"
	$(PY) -m pytest -q Tests/arm
	EK_BIN=$(CURDIR)/$(BUILD)/arm64/emulated $(PY) -m pytest -q \
		Tests/e2e/test_scenarios.py Tests/e2e/test_money.py \
		-k "not ordinary and not program and (back or executed or killed or file)"

test-fuzz: $(BUILD)/deps.stamp
	JOBS=$(JOBS) SECONDS_EACH=$(SECONDS_A_FUZZER) bash Tests/fuzz/run.sh

# Two builds of one tree in one place give the same bytes (three minutes on an idle machine).
.PHONY: reproducible valgrind
reproducible: $(BUILD)/deps.stamp
	bash Tests/reproducible/run.sh

# All of the slow slice of memcheck.
valgrind: bin/evenkeel $(VENV)/ready
	EK_VALGRIND=all $(PY) -m pytest -q Tests/signer/test_valgrind.py

# The same, longer.
fuzz: $(BUILD)/deps.stamp
	SECONDS_EACH=$(or $(SECONDS_EACH),300) bash Tests/fuzz/run.sh

# The long runs: hours of simulation, every mutant, hundreds of kills, an hour of fuzzing.
soak: bin/evenkeel bin/evenkeel-ordinary $(VENV)/ready
	bash Tests/reproducible/run.sh
	bash Tests/mutants/run.sh
	EK_KILLS=200 $(PY) -m pytest -q Tests/crash/test_kill.py
	SECONDS_EACH=240 bash Tests/fuzz/run.sh
	bash Tests/sim/run.sh -n 10000 -d 30
	$(MAKE) soak-process

# The whole program beside an embedded chain, 1,000 times as fast as the world; the figures go into
# Benchmarks/SOAK.md. Two hours and forty minutes.
SOAK := $(PY) Tests/soak/soak.py --results Benchmarks/SOAK.md
.PHONY: soak-process test-soak
soak-process: bin/evenkeel $(VENV)/ready
	: > Benchmarks/SOAK.md
	$(SOAK) --title "A quiet book" --seconds 240 --every 2 --no-faults --disturb 0
	$(SOAK) --title "A book that is moved every nine minutes, with faults" --seconds 240 --every 2 --disturb 0.15
	$(SOAK) --title "A million ticks" --ticks 1000000 --interval 1 --no-faults
	$(SOAK) --title "Two hours with faults"
# A slice of it.
test-soak: bin/evenkeel $(VENV)/ready
	$(PY) Tests/soak/soak.py --seconds 40 --every 1 --disturb 0.5

clean:
	rm -rf $(BUILD) bin .build .build-embedded $(VENV)

loc:
	@find Sources CSources Tests -name '*.swift' -o -name '*.c' -o -name '*.h' -o -name '*.py' | \
		xargs wc -l | sort -n | tail -40

# The page as the program carries it. Not a dependency of the program: the result is committed, and
# `make demo` needs no minifier.
.PHONY: page
page: $(VENV)/ready
	$(PY) Tools/page.py

# The README's picture of the demo, recorded in a terminal and drawn as SVG.
.PHONY: picture
picture: bin/evenkeel
	command -v tmux >/dev/null || bash Tools/deps.sh picture
	python3 Tools/demo-picture.py --record bin/evenkeel demo > docs/demo.svg.new
	mv docs/demo.svg.new docs/demo.svg

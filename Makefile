# make run    sets up, builds and shows a pipeline running
# make test   sets up and runs everything that CI runs
# make soak   simulates the engine with faults for MINUTES=10, or as many as it is told; then escape-container
# make selftest-whole   judges every broken plugin of spec/mutants by every rule
# make escape   tries to get out of every sandbox; make escape-container does that inside containers, too
# make bench  measures, against the floors of this machine
# make quartz EXPRESSIONS=100000 SEED=7  compares deployment windows with Quartz
# make interop  imports pipelines that AWS's CDK makes (from PyPI, into .build/interop)
# make install PREFIX=/usr/local

SHELL := /bin/bash
PREFIX ?= /usr/local
# At most three suites, three tests of each and three cases of each at once: most of them wait for processes.
FEW := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=3
BUILD := swift build --explicit-target-dependency-import-check error

# What the build needs, what the sandbox and the shipped plugins need, what tests and demonstration need.
PACKAGES := libjansson-dev libsqlite3-dev libssl-dev libarchive-dev libc6-dev pkg-config \
	bubblewrap git jq tzdata python3 python3-yaml python3-botocore python3-jsonschema util-linux perl \
	python3-markdown python3-venv procps curl

# What the templates of plugins are written in; of a compiler that is there already no second one is needed.
need = $(if $(shell command -v $(1)),,$(2))
LANGUAGES := bash dash jq python3 perl ruby php-cli lua5.3 lua-cjson lua-posix gcc libjansson-dev \
	librust-serde-json-dev librust-libc-dev libgoogle-gson-java \
	$(call need,node,nodejs) $(call need,go,golang-go) $(call need,cargo,cargo) $(call need,javac,default-jdk-headless)

# What deployment windows are compared with.
QUARTZ := libquartz2-java libslf4j-java $(call need,javac,default-jdk-headless)
EXPRESSIONS ?= 5000
SEED ?= 1

# Servers that plugins are tested against; nothing of them is installed into the system.
TOOLS := .build/test-tools

.PHONY: run test bench interop install setup build plugins lint test-tools spec-tests api-tests plugin-tests quartz \
	conformance escape escape-container templates selftest selftest-whole soak demonstration

run: setup build demonstration

test: setup lint
	$(BUILD) --build-tests
	$(MAKE) plugins
	$(FEW) swift test --skip-build --skip 'PenstockTests|ConformanceTests'
	# By themselves: they start the whole program and wait for it, and the kit judges by time.
	$(FEW) swift test --skip-build --filter PenstockTests
	$(FEW) swift test --skip-build --filter ConformanceTests
	$(MAKE) quartz spec-tests api-tests plugin-tests conformance escape templates selftest demonstration

setup:
	@missing=$$(for package in $(PACKAGES); do \
		[ "$$(dpkg-query -Wf '$${Status}' $$package 2>/dev/null)" = "install ok installed" ] || echo $$package; done); \
	if [ -n "$$missing" ]; then \
		sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
		$$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y $$missing; fi
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install/linux/"; exit 1; }

build:
	$(BUILD)
	$(MAKE) plugins

# The program of a plugin that is written in Swift, which must stand in the plugin's folder.
plugins:
	$(BUILD) --product penstock-deployment-window
	install -D -m 755 .build/debug/penstock-deployment-window plugins/deployment-window/bin/plugin

lint:
	swift format lint --strict --recursive --parallel Sources Tests Benchmarks Package.swift

test-tools: $(TOOLS)/complete

$(TOOLS)/complete: Tests/PluginTests/tools.txt
	rm -rf $(TOOLS)
	/usr/bin/python3 -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

spec-tests:
	cd Tests/SpecTests && /usr/bin/python3 -m unittest -q

# By AWS's own client, the newest one: Debian's does not know rollbacks and conditions.
api-tests: test-tools
	cd Tests/APITests && ../../$(TOOLS)/bin/python -m unittest -q

plugin-tests: test-tools
	cd Tests/PluginTests && /usr/bin/python3 -m unittest -q

quartz:
	$(MAKE) setup PACKAGES="$(QUARTZ)"
	PENSTOCK_QUARTZ_EXPRESSIONS=$(EXPRESSIONS) PENSTOCK_QUARTZ_SEED=$(SEED) \
		swift test --skip-build --filter QuartzTests

# The shipped plugins by the kit. All are judged, also after one that fails.
conformance:
	@failed=0; for plugin in plugins/*/; do \
		.build/debug/penstock conformance run "$${plugin%/}" || failed=1; done; exit $$failed

# Hostile plugins under every profile, as root and as an ordinary user: see docs/security.md.
escape:
	$(MAKE) setup PACKAGES="$(call need,gcc,gcc) libc6-dev util-linux"
	cd Tests/EscapeTests && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -W ignore -m unittest -q

# The same inside containers; needs root. Too slow for CI.
escape-container:
	$(MAKE) setup PACKAGES="$(call need,gcc,gcc) libc6-dev podman runc debootstrap"
	Tests/EscapeTests/container .build/debug/penstock

# A plugin of every template in every category, judged by all rules.
templates:
	$(MAKE) setup PACKAGES="$(LANGUAGES)"
	Tests/TemplateTests/templates.py .build/debug/penstock

# The proof of the conformance kit: each mutant by the rules of its own group and all that are judged in every run.
selftest:
	.build/debug/penstock conformance selftest

# Each mutant by all rules.
selftest-whole: setup build
	.build/debug/penstock conformance selftest --whole

# New seeds until the time is over; a seed that fails is told in one line that walks it again.
MINUTES ?= 10
soak: setup
	$(BUILD) --build-tests
	PENSTOCK_SOAK_MINUTES=$(MINUTES) swift test --skip-build --filter WorldTests/soak
	$(MAKE) escape-container

demonstration:
	docs/demo/run .build/debug/penstock

bench: setup
	$(MAKE) setup PACKAGES="$(LANGUAGES)"
	$(BUILD) -c release
	.build/release/penstock-bench
	.build/release/penstock-bench engine
	.build/release/penstock-bench artifacts
	.build/release/penstock-bench launch
	.build/release/penstock-bench logs
	Tests/TemplateTests/templates.py .build/release/penstock --measure

interop: build
	$(MAKE) setup PACKAGES="nodejs python3-venv"
	[ -x .build/interop/bin/python ] || /usr/bin/python3 -m venv .build/interop
	.build/interop/bin/pip install -q aws-cdk-lib==2.275.0 constructs==10.8.1
	JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 .build/interop/bin/python Tests/Interop/cdk.py .build/debug/penstock

# What an older version had and this one has not goes, too: nothing there belongs to anybody else, unless it is in /var.
LIBRARY = $(DESTDIR)$(PREFIX)/lib/penstock
install: setup
	$(if $(filter /var /var/,$(PREFIX)),$(error PREFIX=$(PREFIX): /var/lib/penstock is where root's executions are kept; choose another))
	$(BUILD) -c release --product penstock
	$(BUILD) -c release --product penstock-sandbox
	$(BUILD) -c release --product penstock-deployment-window
	install -D -m 755 .build/release/penstock "$(DESTDIR)$(PREFIX)/bin/penstock"
	install -D -m 755 .build/release/penstock-sandbox "$(DESTDIR)$(PREFIX)/bin/penstock-sandbox"
	rm -rf "$(LIBRARY)"/{plugins,providers,spec,templates}
	mkdir -p "$(LIBRARY)/providers"
	cp -r plugins spec "$(LIBRARY)/"
	cp -r Sources/Settings/Providers/aws "$(LIBRARY)/providers/"
	cp -r Sources/Authoring/Templates "$(LIBRARY)/templates"
	install -s -D -m 755 .build/release/penstock-deployment-window "$(LIBRARY)/plugins/deployment-window/bin/plugin"

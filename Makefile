# Everything runs with Go alone, but for the programs of PostgreSQL and Redis, and a browser,
# which `make tools` installs where apt can.

GO ?= go
LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STAMP := $(shell git describe --always --dirty 2>/dev/null || echo dev)

.PHONY: chaos lighthouse screens build test test-sqlite test-postgres test-conformance lint bench tools templates assets clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X igny8/internal/app.Version=$(STAMP)" -o bin/igny8 ./cmd/igny8

# Both databases, always.
test: tools test-conformance test-sqlite test-postgres

test-sqlite:
	IGNY8_TEST_ENGINE=sqlite $(GO) test ./...

# The clients of the AI vendors against the vendors' own, which the program is
# not linked with: a module of its own.
test-conformance:
	cd internal/ai/conformance && $(GO) vet ./... && $(GO) test ./...

test-postgres:
	IGNY8_TEST_ENGINE=postgres $(GO) test ./...

lint:
	$(GO) vet ./...
	$(LINT) run

# Kills a loaded server 200 times on each database. make test does it a few times.
chaos: tools
	IGNY8_TEST_ENGINE=sqlite $(GO) test ./internal/app -run '^TestChaos$$' -v -timeout 30m -args -chaos.rounds=200
	IGNY8_TEST_ENGINE=postgres $(GO) test ./internal/app -run '^TestChaos$$' -v -timeout 30m -args -chaos.rounds=200

# The pictures in docs/screens, which the README shows.
screens: tools
	IGNY8_TEST_ENGINE=sqlite $(GO) test ./internal/app -run '^TestScreens$$' -count 1 -args screens=$(CURDIR)/docs/screens

# What Lighthouse thinks of the first page and of the table of 17,605 keywords. It needs Node.
lighthouse: tools
	IGNY8_TEST_ENGINE=sqlite $(GO) test ./internal/app -run '^TestLighthouse$$' -count 1 -v -args lighthouse

# The figures of docs/performance.md.
bench: build
	$(GO) run ./bench
	$(GO) run ./bench -credits -n 3
	$(GO) test ./internal/ai/internal/cluster -run Yardstick -count 1 -v
	$(GO) test ./internal/ai/internal/cluster -run XXX -bench Run -benchtime 1x -benchmem
	IGNY8_TEST_ENGINE=sqlite $(GO) test ./internal/planner -run XXX -bench Cluster -benchtime 1x
	IGNY8_TEST_ENGINE=postgres $(GO) test ./internal/planner -run XXX -bench Cluster -benchtime 1x

tools:
	@.ci/tools

# The Go of the pages, from their .templ files. A test fails where it is old.
templates:
	$(GO) tool templ fmt internal/web
	$(GO) tool templ generate -path internal/web

# The style sheet, scripts and icons in internal/web, from npm packages. It
# needs Node; what it makes is committed.
assets:
	cd internal/web/assets && npm ci && npm run build

clean:
	rm -rf bin

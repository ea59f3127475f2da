# Needs Go, make and git, nothing else. What is missing besides, PostgreSQL for
# `run` and `test` and Chromium for the browser tests, is fetched into a cache
# folder of your own on first use; nothing is installed.

SHELL       := bash
.SHELLFLAGS := -o pipefail -c

# One part alone: make test PKG=./internal/store/...
PKG    ?= ./... ./.ci/summary
TOOL   := go tool -modfile=tools.mod
WITHDB := go run ./cmd/portal withdb --

# What only computes. It starts no goroutine, as internal/housetest checks, so
# the race detector would find nothing and make a hostile file take 25 times as
# long; whoever calls it side by side is tested with the detector.
PURE := bill buyer intake invoice matching password pasted payer pdf promptpay qrcode schedule sheet sheet/samplemonth taxreport thai thaiqr upload

# What has no need of the detector: whoever calls the store is tested with it,
# and a story tells of a program that was built without.
PLAIN := store story

# CI tests all there is, and so does make test ALL=1. Every day the stories, the
# accessibility checks and the race detector, which needs a C compiler and takes
# two to three times as long, are left out.
ALL ?= $(CI)
export ALL

# Lint has run what go test would vet.
GOTEST := go test -vet=off -shuffle=on -timeout=25m $(if $(ALL),,-short) $(if $(CI),-json)

# With CI set the tests report as JSON, for .ci/summary to count.
REPORT := $(if $(CI),| go run ./.ci/summary)

.PHONY: run test generated lint fmt generate golden bench faults clean

run: ## everything on one machine
	@go build -o bin/portal ./cmd/portal && exec bin/portal dev

test: generated lint ## all that takes minutes; with ALL=1, and in CI, all
	@race=$$([ -z "$$ALL" ] || { go build -race runtime/cgo 2>/dev/null && echo -race; }); \
	pure=$$(go list $(PKG) | grep -Fx $(PURE:%=-e portal/internal/app/%)); \
	plain=$$(go list $(PKG) | grep -Fx $(PLAIN:%=-e portal/internal/%)); \
	rest=$$(go list $(PKG) | grep -Fxv $(PURE:%=-e portal/internal/app/%) $(PLAIN:%=-e portal/internal/%)); set -x; \
	{ { [ -z "$$pure" ] || $(GOTEST) $$pure; } & failed=0; \
	[ -z "$$rest" ] || $(WITHDB) $(GOTEST) $$race $$rest || failed=1; \
	[ -z "$$plain" ] || $(WITHDB) $(GOTEST) $$plain || failed=1; \
	wait $$! && exit $$failed; } $(REPORT)

generated: ## fails if the code is not what the templates say
	@before=$$(find web -name '*_templ.go' -exec cksum {} + | sort); \
	$(TOOL) templ generate -log-level=error && \
	if [ "$$before" != "$$(find web -name '*_templ.go' -exec cksum {} + | sort)" ]; then \
		echo 'The generated code was out of date; it is not any more. Commit it.' >&2; exit 1; \
	fi
	@$(TOOL) templ fmt -fail -log-level=error web || \
		{ echo 'The templates were not formatted; they are now. Commit them.' >&2; exit 1; }

lint: ## mistakes and house rules, see .golangci.yml
	$(TOOL) golangci-lint run $(PKG)

fmt: ## format templates and code
	$(TOOL) templ fmt -log-level=error web
	$(TOOL) golangci-lint fmt

generate: ## templates to code
	$(TOOL) templ generate

golden: ## rewrite the files that tests compare with; read the diff before you commit
	$(WITHDB) go test -count=1 $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

bench: ## measure, and compare with the budgets
	go run ./cmd/portal bench

faults: ## all that has a long version, in that version: up to an hour
	PORTAL_FAULTS=long $(WITHDB) go test -count=1 -timeout=90m $$(grep -rl --include='*_test.go' 'Getenv("PORTAL_FAULTS")' . | xargs -n1 dirname | sort -u)

clean: ## remove what builds and tests leave in the checkout
	rm -rf bin portal *.test *.out

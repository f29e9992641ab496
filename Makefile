# The door for people: each word here is a few commands that can also be typed. CMake does the work (CMakePresets.json).
.DEFAULT_GOAL := help
.PHONY: help demo check soak bench fuzz lint fresh install uninstall clean release dev
PREFIX ?= /usr/local
SECONDS ?= 60
jobs := $(shell nproc)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## install what is missing, build, and show what runs
	@tools/deps.sh build run
	@$(MAKE) --no-print-directory release
	@tools/demo.sh

# Unit tests and fuzz targets under the sanitizers, what starts threads under ThreadSanitizer, then everything else on the
# release build.
check: ## install what is missing, build, and run every test
	@tools/deps.sh build run test
	@$(MAKE) --no-print-directory release dev
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan --target threads
	@s=0; ctest --preset dev --no-tests=error -j$(jobs) -LE 'long|tidy' || s=1; \
	ctest --preset tsan --no-tests=error -j$(jobs) -L threads || s=1; \
	ctest --preset release --no-tests=error -j$(jobs) -LE 'fuzz|full' || s=1; exit $$s

soak: ## 200 machines at once for five minutes, whose roles change at random; SOAK="--seed N --seconds N"
	@tools/deps.sh build run test
	@$(MAKE) --no-print-directory release
	@MEWS=$(CURDIR)/build/release/mews MEWS_MODULES=$(CURDIR)/build/release MEWS_GUESTS=$(CURDIR)/build/release/guests \
	python3 tests/soak/soak.py --seconds 300 $(SOAK)

bench: ## measure side by side with other programs; results in bench/results
	@tools/deps.sh build run bench
	@$(MAKE) --no-print-directory release
	@set -e; for run in bench/*/run.sh; do $$run; done

fuzz: ## libFuzzer on every target, SECONDS=60 each
	@tools/deps.sh build dev test
	@cmake --preset fuzz -DMEWS_FUZZ_SECONDS=$(SECONDS) >/dev/null && cmake --build --preset fuzz
	@ctest --preset fuzz -L fuzz --timeout $$(($(SECONDS) + 120))

lint: ## clang's warnings, clang-tidy, format, layers, shellcheck
	@tools/deps.sh build dev test
	@cmake --preset dev-clang >/dev/null && cmake --build --preset dev-clang
	@tools/check_format.sh && tools/check_layers.py
	@git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
	@git ls-files -z 'src/*.c' 'fuzz/*.c' 'docs/*.c' | xargs -0 -n1 -P$(jobs) clang-tidy-14 --quiet -p build/dev-clang

fresh: ## prove demo and check on a minimal Debian 12 where nothing is installed
	@tools/fresh.sh

install: ## PREFIX=/usr/local, DESTDIR=
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null && cmake --build --preset release
	@cmake --install build/release

uninstall: ## what the last install put there
	@tools/uninstall.sh build/release/install_manifest.txt

clean: ## throw build/ away
	@rm -rf build

release dev:
	@cmake --preset $@ >/dev/null && cmake --build --preset $@

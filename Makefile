# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

VERSION := 0.1.0
# of this version, for the man pages
DATE    := 2026-11-22

# Settings, for the command line or the environment
CC        ?= cc
CLANG     ?= clang
CFLAGS    ?= -O2 -g
PREFIX    ?= /usr/local
DESTDIR   ?=
# v2 is what every kernel in range loads; v3 is a matter of speed alone.
BPF_MCPU  ?= v2
SAN       ?=
STATIC    ?=
WERROR    ?=
V         ?=
JOBS      ?= 1

# Of one run, and for the command line alone: who builds kernels may have ARCH
# or KERNEL in the environment, for something else.
RUN_ONLY  := ARCH ARGS KERNEL T
$(foreach v,$(RUN_ONLY),$(if $(filter environment,$(origin $v)),$(eval $v :=)))

ifeq ($(origin CC),default)
CC := cc
endif

# Debian keeps bpftool in /usr/sbin, which users do not have in their path.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
export CC CLANG BPFTOOL

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
# "make clean all" has an order
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# ARCH=arm64: for another machine, with Debian's cross compiler and its libraries
# for that machine, unpacked in SYSROOT.
OWN_ARCH  := $(shell uname -m | sed 's/aarch64/arm64/')
CROSS     := $(if $(filter-out $(OWN_ARCH),$(filter arm64,$(ARCH))),aarch64-linux-gnu-)
RUNS_ON   := $(if $(CROSS),$(ARCH),$(OWN_ARCH))
PKG_CONFIG := pkg-config
ifneq ($(CROSS),)
SYSROOT   ?= $(CURDIR)/build/$(ARCH)/sysroot
CROSS_CC  ?= $(CROSS)gcc
export SYSROOT
override CC := $(CROSS_CC) --sysroot=$(SYSROOT)
override AR := $(CROSS)ar
export PKG_CONFIG_SYSROOT_DIR := $(SYSROOT)
export PKG_CONFIG_LIBDIR := $(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig
# $(shell) does not see what is exported
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(PKG_CONFIG_SYSROOT_DIR) PKG_CONFIG_LIBDIR=$(PKG_CONFIG_LIBDIR) pkg-config
else ifneq ($(filter-out $(OWN_ARCH) x86 amd64,$(ARCH)),)
$(error ARCH=$(ARCH): other than for this machine it builds for arm64 only)
endif

B := build$(if $(CROSS),/$(ARCH))$(if $(SAN),/san)

ifneq ($(and $(SAN),$(filter 1,$(STATIC))),)
$(error SAN and STATIC do not go together: the sanitizers need shared libraries)
endif

#
# What is there
#

BPF_SRCS   := $(sort $(wildcard bpf/*.bpf.c))
USER_SRCS  := $(sort $(shell find user -name '*.c' 2>/dev/null))
UNIT_SRCS  := $(sort $(wildcard tests/unit/test_*.c))
TLIB_SRCS  := $(sort $(wildcard tests/lib/*.c))
CHECK_SRCS := $(sort $(wildcard tests/check/*.c tests/e2e/lib/*.c))
TEST_SRCS  := $(sort $(wildcard tests/kernel/*.t.c tests/e2e/*.t.c))
FUZZ_SRCS  := $(sort $(wildcard tests/fuzz/*.c))
BENCH_SRCS := $(sort $(filter-out %.bpf.c,$(wildcard bench/*.c)))
BLIB_SRCS  := $(sort $(wildcard bench/lib/*.c))
TOOL_SRCS  := $(sort $(wildcard tools/*.c))
BENCH_BPF  := $(sort $(wildcard bench/*.bpf.c))
SCRIPT_TESTS := $(sort $(wildcard tests/check/*.t tests/e2e/*.t tests/golden/*.t tests/fuzz/*.t))

# The slow ones, in a run of their own.
DIST_TESTS   := $(sort $(wildcard tests/dist/*.t))

skels      = $(patsubst %.bpf.c,$(B)/skel/%.skel.h,$(notdir $(1)))
objs       = $(patsubst %.c,$(B)/%.o,$(1))
SKELS      := $(call skels,$(BPF_SRCS))
BENCH_SKELS := $(call skels,$(BENCH_BPF))
LIB_OBJS   := $(call objs,$(filter-out user/main.c,$(USER_SRCS)))
LIB        := $(B)/libtcpdwell.a
BIN        := $(B)/tcpdwell
UNIT_BINS  := $(UNIT_SRCS:%.c=$(B)/%)
CHECK_BINS := $(CHECK_SRCS:%.c=$(B)/%)
TEST_BINS  := $(TEST_SRCS:%.t.c=$(B)/%.t)
FUZZ_BINS  := $(FUZZ_SRCS:%.c=$(B)/%)
BENCH_BINS := $(BENCH_SRCS:%.c=$(B)/%)
# A cross build names one that runs here.
MKDOC      ?= $(B)/tools/mkdoc
DOCS       := $(B)/man/.done $(B)/completion/.done

C_SRCS   := $(USER_SRCS) $(UNIT_SRCS) $(TLIB_SRCS) $(CHECK_SRCS) $(TEST_SRCS) $(FUZZ_SRCS) $(BENCH_SRCS) $(BLIB_SRCS) $(TOOL_SRCS)
BPF_ALL  := $(BPF_SRCS) $(BENCH_BPF)
OUR_C    := $(sort $(C_SRCS) $(BPF_ALL) $(shell find bpf include user tests tools bench vmlinux -name '*.h' 2>/dev/null))
SCRIPTS  := $(sort $(shell find .ci scripts tests bench dist -type f \( -name '*.sh' -o -path .ci/run -o -name '*.t' \) 2>/dev/null))

# In this order: what is quick and sees most comes first.
ALL_TESTS := $(UNIT_BINS) $(SCRIPT_TESTS) $(TEST_BINS) $(if $(strip $(KERNEL)),tests/vm/vm.t)
RUN_TESTS := $(if $(T),$(foreach t,$(ALL_TESTS),$(if $(strip $(foreach w,$(T),$(findstring $(w),$(t)))),$(t))),$(ALL_TESTS))

#
# How it is compiled. The libraries are a table in scripts/deps.sh.
#

# Compiled for but not linked: loaded where it is used (user/out/mhd.h). A static program goes
# without it, as what it needs itself has no static form.
ON_DEMAND := libmicrohttpd
PKGS      := $(shell scripts/deps.sh modules build)
LINKED    := $(filter-out $(ON_DEMAND),$(PKGS))
TEST_PKGS := $(shell scripts/deps.sh modules test)
pkg       = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
MHD_SONAME := $(shell CC='$(CC)' scripts/soname.sh $(call pkg,--libs $(ON_DEMAND)) 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wformat=2 -Wundef -Wpointer-arith \
	-Wwrite-strings -Wvla -Wimplicit-fallthrough
WERR     := $(if $(filter 1,$(WERROR)),-Werror)

# What only some compilers and machines have.
cc-option = $(shell $(CC) -Werror $(1) -fsyntax-only -x c /dev/null >/dev/null 2>&1 && echo $(1))

# Sanitizers do their own checking of what _FORTIFY_SOURCE would.
ifneq ($(SAN),)
HARDEN   := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
else
HARDEN   := -fstack-protector-strong $(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
	$(foreach f,-fstack-clash-protection -fcf-protection -mbranch-protection=standard,$(call cc-option,$(f)))
endif

CPP_ALL    := -D_GNU_SOURCE -DTCPDWELL_VERSION=\"$(VERSION)\" \
	$(if $(filter 1,$(STATIC)),-DTCPDWELL_STATIC,-DMHD_SONAME=\"$(MHD_SONAME)\") \
	-Iinclude -Iuser -I$(B)/skel $(call pkg,--cflags $(PKGS)) $(CPPFLAGS)
CC_ALL     := -std=gnu11 $(CFLAGS) -fPIE $(WARNINGS) $(WERR) $(HARDEN)
TEST_CPP   := -Itests/lib -Itests/unit $(call pkg,--cflags $(TEST_PKGS))
LD_ALL     := $(if $(filter 1,$(STATIC)),-static-pie,-pie) -Wl,-z,relro,-z,now,-z,noexecstack $(HARDEN) $(LDFLAGS)
LIBS       := $(call pkg,$(if $(filter 1,$(STATIC)),--static) --libs $(LINKED)) $(LDLIBS)
TEST_LIBS  := $(call pkg,--libs $(TEST_PKGS))
# The tests stay dynamic: not every test library has a static form.
TEST_LD    := -pie $(HARDEN) $(LDFLAGS)
TEST_LIBS  += $(call pkg,--libs $(LINKED)) $(LDLIBS)

MACHINE  := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
BPF_ARCH := $(shell echo '$(MACHINE)' | sed -e 's/x86_64/x86/;s/i.86/x86/;s/amd64/x86/;s/aarch64.*/arm64/' \
	-e 's/^arm[^6].*/arm/;s/ppc64.*/powerpc/;s/powerpc.*/powerpc/;s/s390x/s390/;s/mips.*/mips/' \
	-e 's/riscv.*/riscv/;s/loongarch.*/loongarch/;s/sparc.*/sparc/')
BPF_TARGET := $(if $(filter s390x ppc64 powerpc powerpc64 mips mips64 sparc64,$(MACHINE)),bpfeb,bpfel)
BPF_FLAGS  := -target $(BPF_TARGET) -mcpu=$(BPF_MCPU) -O2 -g -std=gnu11 \
	-Wall -Wextra -Wno-unused-parameter $(WERR) -D__TARGET_ARCH_$(BPF_ARCH) \
	-Iinclude -Ivmlinux -Ibpf $(call pkg,--cflags libbpf)
BPFTOOL_CMD = $(or $(BPFTOOL),$(shell scripts/deps.sh bpftool))

#
# Goals
#

.PHONY: all
all: $(BIN) compile_commands.json ## build build/tcpdwell

.PHONY: arm64
arm64: ## cross-build a static build/arm64/tcpdwell
	+@$(MAKE) ARCH=arm64 deps
	+@$(MAKE) ARCH=arm64 STATIC=1 binary

.PHONY: binary
binary: $(BIN)

.PHONY: sysroot
sysroot:
ifneq ($(CROSS),)
	@scripts/deps.sh install $(ARCH)
	@scripts/sysroot.sh $(ARCH) $(SYSROOT)
endif

.PHONY: run
run: ## install what is missing, build, and trace (ARGS="...", or ARGS="list ..." for another command)
	@scripts/deps.sh install build
	+@$(MAKE) all
	@scripts/as-root.sh $(abspath $(BIN)) $(if $(filter -%,$(or $(firstword $(ARGS)),-)),trace) $(ARGS)

.PHONY: test
test: ## install what is missing, build, and run all tests (T="words" for those whose path has one, JOBS=4 at a time, KERNEL="5.10 newest" to boot these too)
	@scripts/deps.sh install build test
	@scripts/deps.sh install servers || echo 'the tests that need them are skipped'
	@$(if $(strip $(KERNEL)),scripts/deps.sh install vm vm-$(RUNS_ON) || echo 'no kernel is booted')
	+@$(MAKE) tests
	@BUILD=$(abspath $(B)) JOBS=$(JOBS) KERNEL='$(KERNEL)' scripts/run-tests.sh $(RUN_TESTS)

.PHONY: test-vm
test-vm: sysroot ## run the kernel tests in virtual machines with Debian's kernels (KERNEL="6.1 newest" for some, ARCH=arm64)
	@scripts/deps.sh install build test vm vm-$(RUNS_ON)
	+@T='$(T)' ARCH=$(RUNS_ON) tests/vm/run.sh $(KERNEL)

.PHONY: check-btf
check-btf: ## resolve the relocations of the BPF objects against the BTF of Debian's kernels (KERNEL="6.1 newest" for some)
	@scripts/deps.sh install build test
	+@$(MAKE) all $(B)/tests/check/btf_relo
	@BUILD=$(abspath $(B)) tests/vm/check-btf.sh $(KERNEL)

.PHONY: tests
tests: all docs $(UNIT_BINS) $(CHECK_BINS) $(TEST_BINS) ## build the tests without running them

.PHONY: fuzzers
fuzzers: $(FUZZ_BINS)

.PHONY: fuzz
fuzz: ## feed each parser for SECONDS=30 with what its corpus leads to, under sanitizers (T="words" for some)
	@scripts/deps.sh install build test
	+@$(MAKE) fuzzers
	@BUILD=$(abspath $(B)) SECONDS_EACH=$(or $(SECONDS),30) T='$(T)' tests/fuzz/run.sh

.PHONY: check
check: ## formatting, static analysis, layering, licence lines, vmlinux.h against this kernel
	@scripts/deps.sh install build test check
	+@$(MAKE) tests bench-bins
	+@BUILD=$(abspath $(B)) C_FILES='$(OUR_C)' SCRIPT_FILES='$(SCRIPTS)' MAKE='$(MAKE)' scripts/check.sh

# A file is looked at again when its object had to be made again.
.PHONY: tidy
tidy: $(patsubst %.c,$(B)/tidy/%.ok,$(C_SRCS) $(BPF_ALL))

$(B)/tidy/%.ok: %.c $(B)/%.o .clang-tidy bpf/.clang-tidy | $(B)/compile_commands.json
	@mkdir -p $(@D)
	@out=$$(clang-tidy --quiet -p $(B) $< 2>&1) || { \
		printf '%s\n' "$$out" | grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -'; exit 1; }
	@touch $@

.PHONY: bench
bench: ## install what is missing, build, and measure against no tracer and the peers (SCENARIO=loop4 for one)
	@scripts/deps.sh install build test bench
	+@$(MAKE) bench-bins
	@BUILD=$(abspath $(B)) TCPDWELL=$(abspath $(BIN)) scripts/as-root.sh $(abspath $(B))/bench/run \
		$(if $(ROUNDS),--rounds=$(ROUNDS)) $(if $(CONNS),--connections=$(CONNS)) \
		--scenario=$(or $(SCENARIO),all) --json=$(abspath $(B))/bench.json \
		--plot=$(abspath $(B))/bench.svg $(ARGS)
	@BUILD=$(abspath $(B)) scripts/as-root.sh $(abspath $(B))/bench/holders $(ROUNDS)
	@BUILD=$(abspath $(B)) scripts/as-root.sh $(abspath $(B))/bench/replay $(ROUNDS)
	@$(abspath $(B))/bench/report
	@BUILD=$(abspath $(B)) TCPDWELL=$(abspath $(BIN)) scripts/as-root.sh bench/top.sh $(ROUNDS)
	@scripts/as-root.sh $(abspath $(B))/bench/watch $(abspath $(BIN))

.PHONY: bench-counts
bench-counts: ## count instructions of the reader and of the BPF programs, beside bench/counts.txt (ARGS=--keep writes it)
	@scripts/deps.sh install build test bench
	+@$(MAKE) bench-bins
	@BUILD=$(abspath $(B)) scripts/as-root.sh bench/counts.sh $(ARGS)

.PHONY: bench-scale
bench-scale: ## what list, sweeps, start-up and watch take with 1,000 to 1,000,000 sockets (SOCKETS=100000 for fewer); list beside ss
	@scripts/deps.sh install build test bench
	+@$(MAKE) bench-bins
	@BUILD=$(abspath $(B)) scripts/as-root.sh $(abspath $(B))/bench/scale --plot $(abspath $(B))/scale.svg \
		$(if $(SOCKETS),--most $(SOCKETS)) $(ARGS)
	@BUILD=$(abspath $(B)) scripts/as-root.sh $(abspath $(B))/bench/list $(ROUNDS)

.PHONY: soak
soak: ## 30 minutes of mixed load (MINUTES=5 for fewer): memory and descriptors flat, counts the kernel's
	@scripts/deps.sh install build test
	+@$(MAKE) tests bench-bins
	@BUILD=$(abspath $(B)) scripts/as-root.sh bench/soak.sh $(MINUTES)

.PHONY: bench-bins
bench-bins: all $(BENCH_BINS) $(B)/bench/web

$(B)/bench/web: bench/web.sh
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

.PHONY: deps
deps: sysroot ## install what the build needs
	@scripts/deps.sh install build

.PHONY: format
format: ## format our C with clang-format
	@scripts/deps.sh install check
	$(Q)clang-format -i $(OUR_C)

.PHONY: docs
docs: $(DOCS) ## make the man pages and completions, in build/man and build/completion

.PHONY: install
install: all docs ## install below PREFIX (default /usr/local), under DESTDIR
	@B=$(B) BINDIR=$(BINDIR) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) scripts/install.sh

.PHONY: deb
deb: ## build a Debian package, in build/deb
	@scripts/deps.sh install build dist
	@VERSION=$(VERSION) DATE=$(DATE) scripts/deb.sh $(B)/deb

.PHONY: rpm-spec
rpm-spec: ## write build/tcpdwell.spec, for rpmbuild
	@mkdir -p $(B)
	@VERSION=$(VERSION) DATE=$(DATE) scripts/spec.sh >$(B)/tcpdwell.spec

.PHONY: test-dist
test-dist: ## build the packages and try them (a few minutes)
	@scripts/deps.sh install build test dist
	+@$(MAKE) tests
	@BUILD=$(abspath $(B)) scripts/run-tests.sh $(DIST_TESTS)

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf build compile_commands.json

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo
	@echo '  V=1 all command lines    SAN=address,undefined sanitizers, in build/san'
	@echo '  STATIC=1 static binary   WERROR=1 warnings are errors   CC= CLANG= BPFTOOL= CROSS_CC= tools'

#
# Rules
#

# A stamp changes only when its text does, and what depends on it is made again.
.PHONY: FORCE
FORCE:
define stamp
$(B)/.$(1): FORCE
	@mkdir -p $(B)
	@printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' >$$@
endef
$(eval $(call stamp,cc,$(CC) $(CPP_ALL) $(CC_ALL)))
$(eval $(call stamp,ld,$(LD_ALL) $(LIBS)))
$(eval $(call stamp,testflags,$(TEST_CPP) $(TEST_LD) $(TEST_LIBS)))
$(eval $(call stamp,bpf,$(CLANG) $(BPF_FLAGS)))
$(eval $(call stamp,objs,$(LIB_OBJS)))
$(eval $(call stamp,tlib,$(TLIB_SRCS)))
$(eval $(call stamp,blib,$(BLIB_SRCS)))
$(eval $(call stamp,srcs,$(C_SRCS) $(BPF_ALL)))

.PHONY: tools
tools:
	@scripts/deps.sh verify

$(B)/%.bpf.o: %.bpf.c $(B)/.bpf | tools
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -MD -MP -MF $@.d -MT $@ -c $< -o $@
	$(Q)if strip=$$(command -v llvm-strip); then "$$strip" -g $@; fi

# What bpftool writes is not ours to lint.
gen-skeleton = { echo '/* NOLINTBEGIN */' && \
	$(BPFTOOL_CMD) gen skeleton $(SKEL_FLAGS) $< name $(subst -,_,$*)_bpf && echo '/* NOLINTEND */'; } >$@

# Light ones, which load without libbpf: see user/kern/census.c.
$(B)/skel/list.skel.h $(B)/skel/claims.skel.h $(B)/skel/holders.skel.h: SKEL_FLAGS := -L

$(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(gen-skeleton)

$(B)/skel/%.skel.h: $(B)/bench/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(gen-skeleton)

compile = $(CC) $(CPP_ALL) $(CC_ALL) -MMD -MP -MF $@.d -c $< -o $@

# Which skeletons a file includes is known only once it was compiled: before
# that all have to be there, after it the dependency file says which matter.
$(B)/user/%.o: user/%.c $(B)/.cc | tools $(SKELS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile)

$(B)/tests/%.o: tests/%.c $(B)/.cc $(B)/.testflags | tools $(SKELS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile) $(TEST_CPP)

$(call objs,$(BENCH_SRCS) $(BLIB_SRCS)): $(B)/%.o: %.c $(B)/.cc $(B)/.testflags | tools $(SKELS) $(BENCH_SKELS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile) $(TEST_CPP) -Ibench/lib

# The stamps of the lists drop a member whose source is gone.
$(LIB): $(LIB_OBJS) $(B)/.objs
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJS)

$(B)/libtest.a: $(call objs,$(TLIB_SRCS)) $(B)/.tlib
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(call objs,$(TLIB_SRCS))

$(B)/libbench.a: $(call objs,$(BLIB_SRCS)) $(B)/.blib
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $(call objs,$(BLIB_SRCS))

$(BIN): $(B)/user/main.o $(LIB) $(B)/.ld
	$(call say,LINK,$@)
	$(Q)$(CC) $(LD_ALL) -o $@ $(B)/user/main.o $(LIB) $(LIBS)

test-link = $(CC) $(TEST_LD) -o $@ $< $(B)/libtest.a $(LIB) $(TEST_LIBS)

$(UNIT_BINS) $(CHECK_BINS): $(B)/%: $(B)/%.o $(B)/libtest.a $(LIB) $(B)/.testflags
	$(call say,LINK,$@)
	$(Q)$(test-link)

$(TEST_BINS): $(B)/%.t: $(B)/%.t.o $(B)/libtest.a $(LIB) $(B)/.testflags
	$(call say,LINK,$@)
	$(Q)$(test-link)

$(B)/tools/%.o: tools/%.c $(B)/.cc | tools
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile)

$(B)/tools/mkdoc: $(call objs,$(TOOL_SRCS)) $(LIB) $(B)/.ld
	$(call say,LINK,$@)
	$(Q)$(CC) $(LD_ALL) -o $@ $(call objs,$(TOOL_SRCS)) $(LIB) $(LIBS)

$(B)/man/.done: $(MKDOC) $(wildcard man/*) Makefile
	$(call say,MAN,$(@D))
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)$(MKDOC) man $(@D) man $(DATE)
	@touch $@

$(B)/completion/.done: $(MKDOC)
	$(call say,COMPL,$(@D))
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)$(MKDOC) completion $(@D)
	@touch $@

$(BENCH_BINS): $(B)/%: $(B)/%.o $(B)/libbench.a $(B)/libtest.a $(LIB) $(B)/.testflags
	$(call say,LINK,$@)
	$(Q)$(CC) $(TEST_LD) -o $@ $< $(B)/libbench.a $(B)/libtest.a $(LIB) $(TEST_LIBS) -lm

# libFuzzer is clang's: what the targets need is compiled again, instrumented. The commands and
# the kernel side stay out, but for what reads a file.
FUZZ_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
$(eval $(call stamp,fuzz,$(CLANG) $(FUZZ_FLAGS) $(CPP_ALL) $(TEST_CPP)))
FUZZ_OBJS  := $(patsubst %.c,$(B)/fuzz/%.o,$(filter user/model/% user/out/% user/rec/% user/util/% \
	user/cmd/config.c user/kern/cgroup.c user/kern/netns.c,$(USER_SRCS)))

$(B)/fuzz/%.o: %.c $(B)/.fuzz | tools
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(CPP_ALL) $(TEST_CPP) -std=gnu11 -O1 -g -w \
		-MMD -MP -MF $@.d -c $< -o $@

$(B)/fuzz/libtcpdwell.a: $(FUZZ_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_BINS): $(B)/%: $(B)/fuzz/%.o $(B)/fuzz/libtcpdwell.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< $(B)/fuzz/libtcpdwell.a $(TEST_LIBS)

json-entry = {"directory":"$(CURDIR)","file":"$(1)","command":"$(subst ",\",$(subst \,\\,$(2) -c $(1)))"}
comma := ,
define newline


endef
# "}~" ends an entry, until it is known which one is the last
define compile-commands
[$(subst }~,},$(subst }~ {,}$(comma)$(newline){,$(strip \
$(foreach s,$(C_SRCS),$(call json-entry,$(s),$(CC) $(CPP_ALL) $(CC_ALL) $(if $(filter user/%,$(s)),,$(TEST_CPP) -Ibench/lib))~) \
$(foreach s,$(BPF_ALL),$(call json-entry,$(s),$(CLANG) $(BPF_FLAGS))~))))]
endef

$(B)/compile_commands.json: $(B)/.cc $(B)/.bpf $(B)/.testflags $(B)/.srcs
	$(file >$@,$(compile-commands))@:

compile_commands.json: $(B)/compile_commands.json
	@ln -sf $< $@

-include $(patsubst %.o,%.o.d,$(FUZZ_OBJS) $(FUZZ_SRCS:%.c=$(B)/fuzz/%.o))
-include $(patsubst %,%.d,$(call objs,$(C_SRCS)) $(BPF_ALL:%.bpf.c=$(B)/%.bpf.o))

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A build tool that is missing, too old, or can't be run is told in one sentence; where
# nothing is missing no package manager is called; and what make takes from the environment.
# shellcheck source=tests/check/lib/made.sh
. "$(dirname "$0")/lib/made.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL CC CLANG BPFTOOL
fake=$(mktemp -d)
trap 'rm -rf "$fake"' EXIT
real=$(command -v pkg-config) || {
	echo "1..0 # SKIP no pkg-config"
	exit 0
}

# fake NAME: a program of that name in a directory of its own, $fake/NAME; what it does is read
fake() {
	mkdir -p "$fake/$1"
	{ echo '#!/bin/sh' && cat; } >"$fake/$1/${2:-$1}"
	chmod +x "$fake/$1/${2:-$1}"
}

fake clang <<<'echo "Debian clang version 11.0.1-2"'
fake bpftool <<<'echo "bpftool v5.10.0"'
fake old-libbpf pkg-config <<<"case \"\$*\" in --modversion?libbpf) echo 0.3.0 ;; *) exec $real \"\$@\" ;; esac"
fake no-libbpf pkg-config <<<"case \"\$*\" in *libbpf*) exit 1 ;; *) exec $real \"\$@\" ;; esac"
fake apt-get <<<"echo \"\$*\" >>$fake/called"

# says NAME SENTENCE COMMAND...: it fails with exactly this one line
says() {
	local name=$1 sentence=$2 said

	shift 2
	! said=$("$@" 2>&1) && [[ $said == "deps: "$sentence ]] && [[ $said != *$'\n'* ]]
	ok $? "$name" "$said"
}

# with FAKE COMMAND...
with() {
	PATH=$fake/$1:$PATH "${@:2}"
}

if scripts/deps.sh missing build test >/dev/null; then
	with apt-get scripts/deps.sh install build test && [ ! -e "$fake/called" ]
	ok $? "nothing is missing: no package manager is called"
	says "an old clang" "clang 11.0.1 is too old, *" with clang scripts/deps.sh verify
	says "an old bpftool" "bpftool 5.10.0 is too old, *" with bpftool scripts/deps.sh verify
	says "an old libbpf" "libbpf 0.3.0 is too old, *" with old-libbpf scripts/deps.sh verify
	says "no libbpf" "missing: libbpf; *" with no-libbpf scripts/deps.sh verify
else
	skip "old tools" "some of what the build needs is missing"
fi

for named in CC=nocc CLANG="$fake" BPFTOOL=/nowhere/bpftool; do
	for action in verify "install build"; do
		# shellcheck disable=SC2086 # words
		says "$action: $named is named by the user" "$named can't be run: *" \
			with apt-get env "$named" scripts/deps.sh $action
	done
done
[ ! -e "$fake/called" ]
ok $? "and no package manager was called for it"

# Variables that other builds set too: only make's own arguments count.
mkdir "$fake/build" # even with -n make writes compile_commands.json
said=$(ARCH=mips KERNEL=kernel8 T=nothing ARGS=--bad make -n B="$fake/build" test run 2>&1)
[[ $said == *" KERNEL='' "*/unit/test_names* && $said != *--bad* ]]
ok $? "ARCH, KERNEL, T and ARGS from the environment are not taken" "$(grep KERNEL= <<<"$said")"
! said=$(make -n ARCH=mips all 2>&1) && [[ $said == *"ARCH=mips: "* ]]
ok $? "ARCH as an argument is" "$said"
echo "1..$n"

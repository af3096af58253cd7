#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The layers of the source tree, and that the check sees what it should.
cd "$(dirname "$0")/../.." || exit 1
check=$PWD/tests/check/layers.sh
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
n=0

ok() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

clean_tree() {
	rm -rf "${tree:?}"/*
	mkdir -p "$tree"/{include,bpf} "$tree"/user/{cmd,kern,out,model,util}
	touch "$tree"/include/wire.h "$tree"/user/{kern/load.h,out/text.h,model/flow.h,util/log.h}
	printf '#include "kern/load.h"\n#include "util/log.h"\n' >"$tree/user/cmd/trace.c"
	printf '#include <stdint.h>\n#include "wire.h"\n#include "flow.h"\n' >"$tree/user/model/flow.c"
	printf '#include <bpf/libbpf.h>\n#include "x.skel.h"\n#include "model/flow.h"\n' >"$tree/user/kern/load.c"
}

# plant FILE LINE: the check must name that file
plant() {
	clean_tree
	echo "$2" >>"$tree/$1"
	if found=$("$check" "$tree"); then
		ok "not ok" "$2 in $1 is an offence"
	elif [[ $found == "$1:"* ]]; then
		ok ok "$2 in $1 is an offence"
	else
		ok "not ok" "$2 in $1 is named"
		echo "# $found"
	fi
}

if offences=$("$check"); then
	ok ok "dependencies point one way"
else
	ok "not ok" "dependencies point one way"
	sed 's/^/# /' <<<"$offences"
fi

clean_tree
if offences=$("$check" "$tree"); then
	ok ok "a clean tree is clean"
else
	ok "not ok" "a clean tree is clean"
	sed 's/^/# /' <<<"$offences"
fi

plant user/model/flow.c '#include "kern/load.h"'
plant user/model/flow.c '#include "../out/text.h"'
plant user/model/flow.c '#include "util/log.h"'
plant user/model/flow.c '#include <bpf/libbpf.h>'
plant user/model/flow.h '# include <stdio.h>'
plant user/model/flow.c '#include <time.h>'
plant user/model/flow.c '#include <unistd.h>'
plant user/out/text.h '#include "kern/load.h"'
plant user/kern/load.c '#include "out/text.h"'
plant user/util/log.h '#include "model/flow.h"'
plant user/out/text.h '#include "x.skel.h"'
plant include/wire.h '#include "model/flow.h"'
plant bpf/a.bpf.c '#include "util/log.h"'
plant user/cmd/trace.c '#include "nowhere.h"'
echo "1..$n"

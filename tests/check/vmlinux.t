#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# vmlinux.h against the running kernel, and that the check sees what it should.
cd "$(dirname "$0")" || exit 1
header=../../vmlinux/vmlinux.h

if [ ! -r /sys/kernel/btf/vmlinux ]; then
	echo "1..0 # SKIP this kernel has no BTF in /sys/kernel/btf/vmlinux"
	exit 0
fi
planted=$(mktemp) || exit 1
trap 'rm -f "$planted"' EXIT
n=0

# result STATUS NAME TEXT
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
	echo "# ${3//$'\n'/$'\n'# }"
}

text=$(./vmlinux.sh "$header" 2>&1)
result $? "vmlinux.h agrees with this kernel" "$text"

# plant DECLARATION WORDS: the check must fail and say WORDS
plant() {
	{
		cat "$header"
		echo "$1"
	} >"$planted"
	text=$(./vmlinux.sh "$planted" 2>&1) && text="no failure: $text"
	[[ $text != "no failure"* && $text == *"FAIL: $2"* ]]
	result $? "found: $2" "$(grep FAIL <<<"$text")"
}

plant 'struct linger {
	int l_onoff, l_missing;
};' 'linger.l_missing is missing'
plant 'struct linger {
	long long l_onoff;
};' 'linger.l_onoff has 4 bytes, not 8'
plant 'struct linger {
	void *l_onoff;
};' 'linger.l_onoff is an integer, not a pointer'
plant 'struct of_another_world {
	int x;
};' 'of_another_world is missing'
plant 'enum sock_type {
	SOCK_STREAM = 1, SOCK_ODD = 77,
};' 'sock_type SOCK_ODD is missing'
plant 'enum sock_type {
	SOCK_STREAM = 2,
};' 'sock_type SOCK_STREAM is 1, not 2'
plant 'enum {
	BPF_F_ODD = 1,
};' 'enum value BPF_F_ODD is missing'

# pass DECLARATIONS NAME: the check must let that pass
pass() {
	{
		cat "$header"
		echo "$1"
	} >"$planted"
	text=$(./vmlinux.sh "$planted" 2>&1)
	result $? "$2" "$(grep linger <<<"$text")"
}

pass 'struct linger___odd {
	int l_odd;
};' 'a flavor may be missing'
pass 'struct linger {
	int l_new;
};
struct linger___old {
	int l_onoff;
};' 'a field may be missing where a flavor is there instead'
plant 'struct linger {
	int l_new;
};
struct linger___older {
	int l_odd;
};' 'linger.l_new is missing'
# unread HEADER: members and enumerators of it that the BPF side names nowhere
unread() {
	sed 's,/\*.*\*/,,' "$1" |
		sed -nE 's/^\t.*\b(\w+)(\[[^]]*\])?( : [0-9]+)?;$/\1/p; s/^\t([A-Z]\w+) = .*,$/\1/p' |
		sort -u | grep -vxFf <(cat ../../bpf/* ../../bench/*.bpf.c |
			grep -oE '\w+' | sort -u)
}

text=$(unread "$header")
[ -z "$text" ]
result $? "it has nothing that is not read" "$text"
{
	cat "$header"
	printf 'struct linger {\n\tint l_idle;\n};\n'
} >"$planted"
text=$(unread "$planted")
[ "$text" = l_idle ]
result $? "found: l_idle is not read" "$text"
echo "1..$n"

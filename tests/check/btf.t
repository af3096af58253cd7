#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The relocations of our objects against the BTF of this kernel, and of those
# that "make test-vm" or "make check-btf" left; and that a field that is gone is named.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=$PWD/build}"
export BUILD

if [ ! -r /sys/kernel/btf/vmlinux ]; then
	echo "1..0 # SKIP this kernel has no BTF in /sys/kernel/btf/vmlinux"
	exit 0
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# ok STATUS NAME TEXT
ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
	sed 's/^/# /' <<<"$3"
}

said=$(tests/vm/check-btf.sh --cached 2>&1)
ok $? "all relocations resolve" "$said"
[[ $said =~ running\ +[^\ ]+\ +[1-9][0-9]*\ +[0-9]+\ +0 ]]
ok $? "there were some" ""

# relo CODE: what the check says of a program with that code
relo() {
	cat >"$dir/a.bpf.c" <<-END
		typedef unsigned char __u8;
		typedef unsigned short __u16, __be16;
		typedef unsigned int __u32, __be32, __wsum;
		typedef int __s32;
		typedef unsigned long long __u64;
		typedef long long __s64;
		enum bpf_map_type { TYPE_NONE };
		#include <bpf/bpf_helpers.h>
		#include <bpf/bpf_core_read.h>
		#define CORE __attribute__((preserve_access_index))
		struct sock_common { int skc_state, skc_lost; } CORE;
		struct sock { struct sock_common __sk_common; int sk_gone; } CORE;
		struct sock___other { int sk_other; } CORE;
		struct of_another_world { int x; } CORE;
		enum sock_type { SOCK_STREAM = 1, SOCK_ODD = 99 };
		int out;
		SEC("tp_btf/$2")
		int prog(__u64 *ctx)
		{
			struct sock *sk = (void *)ctx[0];
			struct sock___other *other = (void *)sk;
			struct of_another_world *w = (void *)sk;
			$1
			return 0;
		}
		char LICENSE[] SEC("license") = "Dual BSD/GPL";
	END
	"${CLANG:-clang}" -target bpf -mcpu=v2 -g -O2 -w -c "$dir/a.bpf.c" -o "$dir/a.bpf.o" || return 9
	"$BUILD/tests/check/btf_relo" this /sys/kernel/btf/vmlinux "$dir/a.bpf.o" 2>&1
}

# planted CODE TEXT STATUS
planted() {
	local said status=0

	said=$(relo "$1" inet_sock_set_state) || status=$?
	[[ $status -eq $3 && $said == *"$2"* ]]
	ok $? "$1: $2" "$said"
}

planted 'out = BPF_CORE_READ(sk, __sk_common.skc_state);' 'row this 1 0 0' 0
planted 'out = BPF_CORE_READ(sk, sk_gone);' 'FAIL: this: sock.sk_gone is missing (a.bpf.o)' 1
planted 'out = BPF_CORE_READ(sk, __sk_common.skc_lost);' 'FAIL: this: sock.__sk_common.skc_lost is missing' 1
planted 'out = BPF_CORE_READ(w, x);' 'FAIL: this: of_another_world.x is missing' 1
planted 'out = BPF_CORE_READ(other, sk_other);' 'FAIL: this: sock___other.sk_other is missing' 1
planted 'out = bpf_core_enum_value(enum sock_type, SOCK_ODD);' 'FAIL: this: sock_type.SOCK_ODD is missing' 1
planted 'if (bpf_core_field_exists(sk->sk_gone)) out = BPF_CORE_READ(sk, sk_gone);' 'row this 2 2 0' 0
planted 'out = bpf_core_type_exists(struct of_another_world);' 'row this 1 1 0' 0
planted 'out = bpf_core_enum_value(enum sock_type, SOCK_STREAM);' 'row this 1 0 0' 0
said=$(relo 'out = 1;' no_such_tracepoint)
[[ $said == *"note: this: no tp_btf/no_such_tracepoint"* ]]
ok $? "a tracepoint that is gone is named" "$said"
echo "1..$n"

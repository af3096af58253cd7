#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   pack.sh KERNELDIR BUILD IMAGE [TEST...]
#
# Makes an initramfs: busybox (VM_BUSYBOX), the tracer from BUILD, the test programs, and
# the kernel modules that they need in the order in which they have to be loaded.
set -euo pipefail

kernel=$1
build=$2
image=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/{bin,dev,etc,lib,proc,sys,tmp,run,tests,modules}
cp "${VM_BUSYBOX:-$(command -v busybox)}" "$root/bin/busybox"
cp "$build/tcpdwell" "$root/bin/"
[ $# -eq 0 ] || cp "$@" "$root/tests/"
install -m 755 "$here/guest-init.sh" "$root/init"
install -m 755 "$here/guest-run.sh" "$root/bin/guest-run"
echo 'root:x:0:0:root:/:/bin/sh
user:x:1000:1000:user:/:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:
user:x:1000:' >"$root/etc/group"

# load_order MODULE: with what it depends on, which it says itself
load_order() {
	local name=$1 file depends
	[ ! -e "$root/modules/$name.ko" ] || return 0
	file=$(find "$kernel/modules/" -name "${name//_/[-_]}.ko*" | head -n 1)
	# built in, or not at all
	[ -n "$file" ] || return 0
	case $file in
	*.xz) busybox xz -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$root/modules/$name.ko"
	depends=$(tr '\0' '\n' <"$root/modules/$name.ko" | sed -n 's/^depends=//p')
	for name in ${depends//,/ }; do
		load_order "$name"
	done
	echo "$1.ko" >>"$root/modules/order"
}

# What Debian builds as a module, and a test may want.
for module in veth dummy tun inet_diag tcp_diag sch_netem sctp; do
	load_order $module
done

(cd "$root" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) >"$image"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   boot.sh KERNELDIR IMAGE LOG RUN
#
# Boots a kernel in QEMU. What guest-run writes goes to LOG, the console to
# LOG.console. A guest that is silent for VM_SILENCE seconds hangs: it is ended,
# and LOG says so with the console's last lines. The kernel is for VM_ARCH, amd64
# or arm64.
set -euo pipefail

kernel=$1
image=$2
log=$3
run=$4
silence=${VM_SILENCE:-360}
console=$log.console
params=
# One thread for both virtual CPUs: with more, QEMU's emulation of patched kernel
# code races.
accel=${VM_ACCEL:-tcg,thread=single}
case ${VM_ARCH:-amd64} in
arm64)
	# The CPU has pages of 4, 16 and 64 KiB; the board has one serial line, and kernels
	# have the driver of the PCI one built in.
	machine=(qemu-system-aarch64 -M virt -cpu neoverse-n1 -serial "file:$console"
		-chardev "file,id=log,path=$log" -device "pci-serial,chardev=log")
	tty=(ttyAMA0 ttyS0)
	;;
*)
	# "-M pc" boots faster than q35, and more surely than microvm.
	machine=(qemu-system-x86_64 -M pc -cpu qemu64 -serial "file:$console" -serial "file:$log")
	tty=(ttyS0 ttyS1)
	# On a busy host the emulated timer's first ticks may come too late for the check
	# of its interrupt, and the kernel panics.
	params=no_timer_check
	;;
esac
# the last one counts
[ "$accel" != kvm ] || machine+=(-cpu host)

params+=" console=${tty[0]} quiet loglevel=4 panic=-1 oops=panic VM_RUN=$run VM_TTY=${tty[1]}"
[ -z "${VM_LIMIT:-}" ] || params+=" VM_LIMIT=$VM_LIMIT"
[ -z "${VM_TIERS:-}" ] || params+=" VM_TIERS=${VM_TIERS// /,}"
[ "$run" != lockdown ] || params+=" lockdown=confidentiality"

: >"$log"
: >"$console"
"${machine[@]}" -accel "$accel" -smp 2 -m "${VM_MEMORY:-1024}" \
	-nodefaults -no-user-config -display none -no-reboot \
	-kernel "$kernel/vmlinuz" -initrd "$image" -append "$params" \
	</dev/null >"$log.qemu" 2>&1 &
qemu=$!
trap 'kill $qemu 2>/dev/null || :' EXIT

size=-1
last=$SECONDS
why=
while kill -0 $qemu 2>/dev/null; do
	sleep 0.5
	! grep -qx '@done' "$log" || kill $qemu 2>/dev/null || :
	now=$(stat -c %s "$log")
	if [ "$now" -ne "$size" ]; then
		size=$now
		last=$SECONDS
	elif [ $((SECONDS - last)) -ge "$silence" ]; then
		why="silent for $silence s"
		kill $qemu
		break
	fi
done
wait $qemu || :

grep -qx '@done' "$log" && exit 0
{
	echo
	echo "@gone ${why:-ended before its tests did}"
	tail -n 3 "$log.qemu" | sed 's/^/# qemu: /'
	tail -n 30 "$console" | tr -d '\r' | sed 's/^/# console: /'
} >>"$log"
exit 1

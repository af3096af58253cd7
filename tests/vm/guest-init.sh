#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
#
# Process 1 of the guest. What the host reads is VM_TTY, not the console. That and
# VM_RUN, the guest-run argument, are on the kernel command line, which the
# kernel hands on as an environment.
export PATH=/bin:/sbin HOME=/ TERM=dumb
/bin/busybox mkdir -p /sbin
/bin/busybox --install -s /bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up

# no carriage returns, no echo
stty -F "/dev/$VM_TTY" raw -echo
read -r uptime _ </proc/uptime
echo "@kernel $(uname -r) $uptime" >"/dev/$VM_TTY"

while read -r module; do
	insmod "/modules/$module" || echo "# insmod $module failed" >"/dev/$VM_TTY"
done </modules/order

setsid guest-run "$VM_RUN" </dev/null >"/dev/$VM_TTY" 2>&1
# boot.sh ends the guest when it has read that; an emulated line has lost it once
for _ in 1 2 3 4 5; do
	echo "@done" >"/dev/$VM_TTY"
	sleep 1
done
poweroff -f

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A socket's container and pod by its cgroup: cgroups named as container
# managers name them, with traffic in them.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$root" ] || skip_all "no cgroup2 is mounted here"
top=$root/tcpdwell-test-$$
mkdir "$top" 2>/dev/null || skip_all "cgroups can't be made in $root"
home=$root$(sed -n 's/^0:://p' /proc/self/cgroup)
# shellcheck disable=SC2317 # the trap calls it
clean() {
	echo $$ >"$home/cgroup.procs"
	find "$top" -depth -type d -exec rmdir {} +
	rm -rf "$dir"
}
trap clean EXIT

id=3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899
uid=2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6

# traced PATH: the owner of the client's first transition, made in that cgroup
traced() {
	mkdir -p "$top/$1"
	echo $$ >"$top/$1/cgroup.procs" || return
	begin "trace" --json
	# shellcheck disable=SC2119 # its own arguments are meant
	traffic
	wait_for 30 grep -qs '"to":"ESTABLISHED"' "$dir/trace.out"
	end INT
	echo $$ >"$home/cgroup.procs"
	owner=$(jq -c 'select(.type == "transition" and .to == "SYN_SEND").owner' "$dir/trace.out" | head -n 1)
}

field() {
	jq -r ".$1 // \"none\"" <<<"$owner"
}

traced "docker/$id" || skip_all "no process can be moved to a cgroup here"
is "$(field cgroup)" "/${top##*/}/docker/$id" "docker: the path"
is "$(field container)" "${id:0:12}" "docker: the container"
is "$(field runtime)" docker "docker: the runtime"
is "$(field pod)" none "docker: no pod"

traced "kubepods.slice/kubepods-pod${uid//-/_}.slice/crio-$id.scope"
is "$(field container)" "${id:0:12}" "a pod by systemd's names: the container"
is "$(field runtime)" cri-o "a pod by systemd's names: the runtime"
is "$(field pod)" "$uid" "a pod by systemd's names: the pod"

traced "kubepods/burstable/pod$uid/$id"
is "$(field container)" "${id:0:12}" "a pod by plain names: the container"
is "$(field pod)" "$uid" "a pod by plain names: the pod"
is "$(field pod_name)" none "a pod without logs: no name"

# What the kubelet keeps in /var/log/pods, for this program alone.
cat >"$dir/node" <<-END
	#!/bin/sh
	mount -t tmpfs none /var/log && mkdir -p "/var/log/pods/shop_web-0_$uid" \
		"/var/log/pods/sh[31mop_web_3d3f9a10-0b1c-4d5e-8f60-718293a4b5c6" &&
		exec "\$PROGRAM" "\$@"
END
cat >"$dir/tcpdwell" <<-END
	#!/bin/sh
	exec unshare -m "$dir/node" "\$@"
END
chmod +x "$dir/node" "$dir/tcpdwell"
export PROGRAM=$TCPDWELL
if unshare -m mount -t tmpfs none /var/log 2>/dev/null; then
	TCPDWELL=$dir/tcpdwell
	traced "kubepods/burstable/pod$uid/$id"
	is "$(field pod)" "$uid" "a pod with logs: the uid"
	is "$(field pod_name)" shop/web-0 "a pod with logs: the name"
	env --default-signal=INT "$TCPDWELL" record --netns "$netns" -o "$dir/recording" --json \
		>"$dir/record.out" 2>"$dir/record.err" </dev/null &
	tracer=$!
	wait_for 30 grep -qs hello "$dir/record.out"
	echo $$ >"$top/kubepods/burstable/pod$uid/$id/cgroup.procs"
	# shellcheck disable=SC2119 # its own arguments are meant
	traffic
	wait_for 30 grep -qs '"to":"ESTABLISHED"' "$dir/record.out"
	end INT
	echo $$ >"$home/cgroup.procs"
	TCPDWELL=$PROGRAM
	run replay --json "$dir/recording"
	lines=$(grep -c '"pod_name":"shop/web-0"' "$dir/out")
	[ "$lines" -gt 0 ]
	ok $? "a recording has the name"
	is "$lines" "$(grep -c '"pod_name":"shop/web-0"' "$dir/record.out")" "in as many lines as were shown"
else
	skip "the names of pods" "nothing can be mounted here"
fi

traced 'lxc.payload.a"b'$'\e[31m'
is "$(jq -r .container <<<"$owner")" 'a"b'$'\e[31m' "a hostile name: the container"
is "$(LC_ALL=C grep -c $'\e' "$dir/trace.out")" 0 "a hostile name: escaped"

traced plain
is "$(field container)" none "a cgroup of no container"

done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The static binary where nothing else is, with the rights of the DaemonSet and
# no others: what the image and the pod would be, without a container runtime.
cd "$(dirname "$0")/../.." || exit 1

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

[ "$(id -u)" -eq 0 ] || skip_all "needs root"
for tool in setpriv unshare jq; do
	command -v $tool >/dev/null || skip_all "no $tool here"
done
unshare -m true 2>/dev/null || skip_all "mount namespaces are not allowed here"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

# ok STATUS NAME [TEXT]
ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		[ -z "${3:-}" ] || sed 's/^/# /' <<<"$3" | tail -n 30
	fi
}

said=$(env -u MAKEFLAGS -u MAKELEVEL make -s B=build/static STATIC=1 SAN= LDFLAGS=-s build/static/tcpdwell 2>&1)
ok $? "the static binary is built" "$said"
[ -x build/static/tcpdwell ] || skip_all "no static binary can be built here: ${said##*$'\n'}"
build/static/tcpdwell doctor >/dev/null 2>&1 || skip_all "this kernel does not let it trace at all"

mkdir -p "$dir"/root/{proc,sys,bin}
cp build/static/tcpdwell "$dir/root/tcpdwell"
caps=$(sed -n '/add:/,/seccompProfile/s/^ *- \([A-Z_]*\) #.*/\1/p' dist/kubernetes/daemonset.yaml | tr '[:upper:]' '[:lower:]')
keep=
for cap in $caps; do
	keep+=,+$cap
done

# in_pod WITH ARG...: WITH is what setpriv calls the rights
in_pod() {
	local with=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m bash -c '
		dir=$1 with=$2
		shift 2
		mount --rbind /proc "$dir/root/proc" && mount --rbind /sys "$dir/root/sys" || exit 99
		cd "$dir/root" && exec setpriv --bounding-set="-all,+sys_chroot$with" --inh-caps=-all --no-new-privs \
			chroot "$dir/root" /tcpdwell "$@"' sh "$dir" "$with" "$@"
}

[ "$(wc -w <<<"$caps")" -ge 4 ]
ok $? "the DaemonSet names its capabilities" "$caps"
said=$(in_pod "$keep" list --json 2>&1)
ok $? "list runs" "$said"
jq -es 'map(select(.type == "summary")) | length == 1' <<<"$said" >/dev/null
ok $? "its output is whole" "$said"
# a cgroup that is gone has its number only
jq -es 'any(.owner.cgroup) or all(.owner.cgroup_id == null)' <<<"$said" >/dev/null
ok $? "cgroups have their paths" "$said"
said=$(in_pod "$keep" trace --json --duration 300ms 2>&1)
ok $? "trace runs" "$said"
if [ "$("$dir/root/tcpdwell" doctor --json 2>/dev/null | jq -r .tier)" != sweep ]; then
	! grep -q '"hello".*"tier":"sweep"' <<<"$said"
	ok $? "the tier is no worse than with all rights" "$said"
fi
said=$(in_pod "$keep" watch --json --duration 300ms 2>&1)
ok $? "watch runs" "$said"
said=$(in_pod "" list --json 2>&1)
[ $? -eq 3 ]
ok $? "without these rights it says so" "$said"
! grep -q 'privileged: true\|hostNetwork: true' dist/kubernetes/daemonset.yaml
ok $? "the pod is not privileged"
if python3 -c 'import yaml' 2>/dev/null; then
	said=$(python3 -c 'import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1])))' dist/kubernetes/daemonset.yaml 2>&1)
	ok $? "the DaemonSet is YAML" "$said"
fi
echo "1..$n"
exit $failed

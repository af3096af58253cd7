#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# nginx under wrk, each request on a connection of its own, in a network namespace of its own; speaks
# to bench/run as storm does. The number of connections is what was made in SECONDS_EACH.
#
#	web --port PORT
set -u

SECONDS_EACH=2
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

port=7411
while [ $# -gt 0 ]; do
	[ "$1" != --port ] || port=$2
	shift
done
if [ -z "${WEB_NETNS:-}" ]; then
	WEB_NETNS=1 exec unshare -n "$0" --port "$port"
fi
for tool in nginx wrk; do
	command -v $tool >/dev/null || { echo "no $tool"; exit 1; }
done

dir=$(mktemp -d)
nginx=
trap '[ -z "$nginx" ] || kill "$nginx"; rm -rf "$dir"' EXIT
ip link set lo up
sysctl -qw net.ipv4.ip_local_port_range="10000 65000" net.ipv4.tcp_max_tw_buckets=4000000 2>/dev/null

mkdir "$dir/www" "$dir/tmp"
head -c 1000 /dev/zero | tr '\0' x >"$dir/www/index.html"
cat >"$dir/conf" <<-END
	daemon off;
	user root;
	worker_processes 1;
	pid $dir/pid;
	error_log $dir/error;
	events { worker_connections 1024; }
	http {
		access_log off;
		keepalive_timeout 0;
		client_body_temp_path $dir/tmp/body;
		proxy_temp_path $dir/tmp/proxy;
		fastcgi_temp_path $dir/tmp/fastcgi;
		uwsgi_temp_path $dir/tmp/uwsgi;
		scgi_temp_path $dir/tmp/scgi;
		server {
			listen 127.0.0.1:$port;
			root $dir/www;
		}
	}
END
nginx -c "$dir/conf" >"$dir/log" 2>&1 </dev/null &
nginx=$!
for _ in $(seq 100); do
	ss -tlnH "sport = :$port" | grep -q . && break
	sleep 0.1
done

opens() {
	awk '/^Tcp:/ && n++ { print $6 }' /proc/net/snmp
}

# cpu_ns: of this script and of all children that have ended
cpu_ns() {
	awk -v hz="$(getconf CLK_TCK)" '{ printf "%d\n", ($14 + $15 + $16 + $17) / hz * 1e9 }' /proc/$$/stat
}

echo ready
read -r -n 1 _
before=$(cpu_ns)
begin=$(date +%s%N)
wrk -t 1 -c 16 -d "${SECONDS_EACH}s" "http://127.0.0.1:$port/" >"$dir/wrk" 2>&1
end=$(date +%s%N)
kill "$nginx"
wait "$nginx"
nginx=
cpu=$(($(cpu_ns) - before))
# each connection: five transitions of either end
awk -v n="$(opens)" -v ns=$((end - begin)) -v cpu="$cpu" 'BEGIN {
	printf "connections=%d seconds=%.6f rate=%.0f quiet_rate=%.0f cpu_ns=%d transitions=%d time_wait=%d\n",
		n, ns / 1e9, n * 1e9 / ns, n * 1e9 / (cpu ? cpu : ns), n ? cpu / n : 0, 10 * n, n }'
read -r _
exit 0

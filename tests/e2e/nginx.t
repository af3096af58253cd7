#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# nginx under wrk, each request on a connection of its own, some by way of a
# proxy: every connection's chain is one of the state machine's, and what is
# alive is what ss shows.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/chains.sh
. "$(dirname "$0")/lib/chains.sh"

needs jq nginx nsenter ss wrk

REQUESTS=2500 # of each of two wrk
SECONDS_MAX=4 # what it doesn't get done by then is left out

configure() {
	mkdir -p "$dir/www" "$dir/tmp"
	head -c 20000 /dev/zero | tr '\0' x >"$dir/www/index.html"
	cat >"$dir/nginx.conf" <<-END
		daemon off;
		user root;
		worker_processes 2;
		pid $dir/nginx.pid;
		error_log $dir/error.log;
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
				listen 127.0.0.1:8080;
				root $dir/www;
			}
			server {
				listen [::1]:8081 reuseport deferred;
				location / { proxy_pass http://127.0.0.1:8080; }
			}
		}
	END
	cat >"$dir/limit.lua" <<-END
		local n = 0
		function response()
			n = n + 1
			if n >= $REQUESTS then wrk.thread:stop() end
		end
	END
}

# load URL
load() {
	inside wrk -t 1 -c 8 -d "${SECONDS_MAX}s" --timeout 30s -s "$dir/limit.lua" "$1"
}

# nginx_under TIER
nginx_under() {
	begin nginx --json --tier "$1"
	serve nginx -e "$dir/error.log" -p "$dir" -c "$dir/nginx.conf"
	wait_for 20 listening 8080 1 && wait_for 20 listening 8081 2
	ok $? "nginx, $1: it listens"
	load http://127.0.0.1:8080/ >"$dir/wrk.direct" 2>&1 &
	load "http://[::1]:8081/" >"$dir/wrk.proxy" 2>&1
	wait $!
	like "$(cat "$dir/wrk.direct")" '[1-9][0-9]* requests in' "nginx, $1: requests to it"
	like "$(cat "$dir/wrk.proxy")" '[1-9][0-9]* requests in' "nginx, $1: requests to its proxy"
	check_alive nginx "nginx, $1"
	stop_server QUIT
	check_alive nginx "nginx, $1, ended"
	check_trace nginx "nginx, $1"
	is "$(count_steps CLOSED LISTEN)" "$(count_steps LISTEN CLOSED)" "nginx, $1: its listeners are closed"
	diag "nginx, $1: $(wc -l <"$dir/steps") transitions"
}

configure
for tier in timer sweep fentry; do
	enter_tier nginx "$tier" && nginx_under "$tier"
done

done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What watch keeps of root's rights, and that all it does works with them: any
# system call that its filter does not have ends it here.
# shellcheck disable=SC2016,SC2317 # programs in perl; what wait_for calls
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
if [ -z "${RIGHTS_MOUNTS:-}" ]; then
	unshare -m true 2>/dev/null || skip_all "mount namespaces are not allowed here"
	RIGHTS_MOUNTS=1 exec unshare -m "$0" "$@"
fi
# shellcheck source=tests/e2e/lib/service.sh
. "$(dirname "$0")/lib/service.sh"
export TCPDWELL_SECCOMP=kill
unit=$(dirname "$0")/../../dist/systemd/tcpdwell.service
id nobody >/dev/null 2>&1 || skip_all "there is no user nobody"
uid=$(id -u nobody)

# What journald and systemd would hear.
mount -t tmpfs none /run || skip_all "nothing can be mounted here"
mkdir -p /run/systemd/journal "$dir/say"
chmod 711 "$dir"
chmod 777 "$dir/say"
background ears perl -MIO::Socket::UNIX -MIO::Select -MSocket -e '
	my %to;
	my $select = IO::Select->new;
	while (my ($path, $file) = splice @ARGV, 0, 2) {
		my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
		chmod 0666, $path;
		open my $f, ">", $file or die;
		$f->autoflush;
		$to{$s} = $f;
		$select->add($s);
	}
	$| = 1;
	print "ready\n";
	while (my @ready = $select->can_read) {
		for my $s (@ready) {
			$s->recv(my $text, 1 << 20);
			print { $to{$s} } $text, "\n";
		}
	}' /run/systemd/journal/socket "$dir/journal" /run/systemd/notify "$dir/notify"
wait_for 30 grep -q ready "$dir/ears.out"

cat >"$dir/say/hook" <<-'END'
	#!/bin/sh
	{
		cat
		echo "uid $(id -u) status $TCPDWELL_STATUS comm $TCPDWELL_COMM"
		grep -E '^(CapEff|Seccomp):' /proc/self/status
	} >>"${0%hook}said"
END
chmod 755 "$dir/say/hook"

# rules MAX [MORE]: a file that only root may read
rules() {
	printf '[rule leaky]\nstate = CLOSE_WAIT\ncomm = leaky\nmax = %s\n%s\n' "$1" "${2-}" >"$dir/rules.ini"
	chmod 600 "$dir/rules.ini"
}

# mask N...: of capabilities, as /proc has it
mask() {
	local m=0 n

	for n; do
		m=$((m | 1 << n))
	done
	printf '%016x' $m
}
dac_read_search=2 net_admin=12 sys_ptrace=19 sys_admin=21 bpf=39

of_watch() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$watch/status" | tr '\t' ' '
}

running() {
	kill -0 "$watch" 2>/dev/null
}

is_said() {
	grep -qs "$1" "$2"
}

rules 500ms
NOTIFY_SOCKET=/run/systemd/notify WATCHDOG_USEC=1000000 begin_watch_all --config "$dir/rules.ini" \
	--comm leaky --user nobody --journal --exec "$dir/say/hook"
wait_for 30 is_said READY=1 "$dir/notify"
ok $? "systemd is told that it is ready"
is "$(of_watch Uid)" "$uid $uid $uid $uid" "it is another user"
caps=$(mask $dac_read_search $sys_ptrace $sys_admin $bpf)
is "$(of_watch CapPrm) $(of_watch CapEff)" "$caps $caps" "with the capabilities that it needs"
is "$(of_watch CapBnd) $(of_watch CapInh) $(of_watch CapAmb)" "$(mask) $(mask) $(mask)" "and no way to others"
is "$(of_watch NoNewPrivs)" 1 "nor through programs"
if ldd "$TCPDWELL" 2>/dev/null | grep -q libasan; then
	skip "and a filter of system calls" "a program with the address sanitizer has none"
else
	is "$(of_watch Seccomp)" 2 "and a filter of system calls"
fi

# A network namespace that is made after all this.
leak_in=(unshare -n sh -c 'ip link set lo up && exec "$@"' sh)
leak 3
wait_for 30 alerts_are firing 3
ok $? "sockets in a new network namespace fire"
alert=$(grep -m 1 '"status":"firing"' "$dir/watch.out")
is "$(jq -r '"\(.diagnosis) \(.holders[0].comm) \(.holders[0].pid)"' <<<"$alert")" \
	"eof_read_not_closed leaky $leaker" "with who holds them"
if grep -q ' cgroup2 ' /proc/mounts; then
	like "$(jq -r '.owner.cgroup' <<<"$alert")" '^/' "and the path of the cgroup"
else
	skip "and the path of the cgroup" "no cgroup2 is mounted here"
fi
has_stuck() {
	metrics | grep -q '^tcpdwell_stuck_sockets{.*process="leaky"} 3$'
}
wait_for 30 has_stuck
ok $? "/metrics has them"
like "$(metrics | grep '^process_open_fds ')" ' [1-9]' "/metrics can look at its own process"
is "$(get "http://127.0.0.1:$port/api/stuck" | jq .count)" 3 "/api/stuck has them"

wait_for 30 is_said 'comm leaky' "$dir/say/said"
ok $? "the command runs"
like "$(cat "$dir/say/said")" "uid $uid status firing comm leaky" "as the other user"
like "$(tr '\n\t' '  ' <"$dir/say/said")" "CapEff: *$(mask) Seccomp: *0 " "without capabilities, without the filter"
journal_has() {
	[ "$(grep -ca '^TCPDWELL_JSON$' "$dir/journal")" -eq "$1" ]
}
wait_for 30 journal_has 3
ok $? "the journal gets them"
is "$(grep -caE '^(SYSLOG_IDENTIFIER|MESSAGE_ID|MESSAGE|TCPDWELL_COOKIE|TCPDWELL_JSON)$' "$dir/journal")" 15 \
	"with its fields, three times"
wait_for 30 is_said WATCHDOG=1 "$dir/notify"
ok $? "the watchdog is kept quiet"
wait_for 30 is_said 'STATUS=3 sockets stuck' "$dir/notify"
ok $? "the status says how many are stuck"

rules 1h
kill -HUP "$watch"
wait_for 30 alerts_are resolved 3
ok $? "SIGHUP: a file that only root can read is read again"
rules 500ms
kill -HUP "$watch"
wait_for 30 alerts_are firing 6
ok $? "and again"
rules nonsense
kill -HUP "$watch"
wait_for 30 is_said 'rules.ini:' "$dir/watch.err"
ok $? "a bad one is told of"
unleak
wait_for 30 alerts_are resolved 6
ok $? "closed: resolved"
forget
running
ok $? "no system call was missing so far"
finish "$watch"
is $status 0 "and none at the end"
like "$(tail -n 1 "$dir/watch.out")" '"type":"summary"' "which is as it should be"

# Every tier, and what may be killed, as root.
rules 500ms 'kill = yes'
begin_watch_all --config "$dir/rules.ini" --comm leaky --kill --tier sweep --buffer-size 4k
caps=$(mask $dac_read_search $net_admin $sys_ptrace $sys_admin $bpf)
is "$(of_watch Uid) $(of_watch CapEff)" "0 0 0 0 $caps" "--kill: one capability more"
leak 2
wait_for 30 alerts_are resolved 2
ok $? "--kill: the sockets are closed, in the other network namespace"
is "$(jq -r 'select(.type == "kill") | .result' "$dir/watch.out" | sort | uniq -c | xargs)" "2 ok" \
	"--kill: it says so"
forget
finish "$watch"
is $status 0 "--kill: ends as it should"

# What the unit for systemd grants is enough.
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr '[:upper:]' '[:lower:]' | sed 's/cap_/+/g; s/ /,/g')
if setpriv --bounding-set "-all,$caps" true 2>/dev/null; then
	tier=$(timeout 60 "$TCPDWELL" watch --json --duration 1s 2>/dev/null | jq -r 'select(.type == "hello") | .tier')
	watch_in=(setpriv --bounding-set "-all,$caps")
	begin_watch_all --config "$dir/rules.ini" --comm leaky --user nobody
	is "$(jq -r 'select(.type == "hello") | .tier' "$dir/watch.out")" "$tier" "unit: the same tier as with all rights"
	leak 1
	wait_for 30 alerts_are firing 1
	ok $? "unit: its capabilities are enough"
	forget
	finish "$watch"
	is $status 0 "unit: ends as it should"
else
	skip "unit: its capabilities are enough" "setpriv can't set these here"
fi

TCPDWELL_SECCOMP=nonsense run watch --duration 1s
is $status 3 "no such mode of the filter"
run watch --user no-such-user --duration 1s
is $status 2 "no such user"
run watch --exec /no/such/command --duration 1s
is $status 2 "no such command"
done_testing

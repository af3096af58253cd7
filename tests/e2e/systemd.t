#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The unit of `make install`, under a real systemd: in a container whose root is
# this system's with a layer on it, so that nothing here changes. It starts and
# says that it is ready, alerts in the journal with fields, serves /metrics,
# reloads, keeps few capabilities, is restarted when it hangs, and stops.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v systemd-nspawn >/dev/null || skip_all "no systemd-nspawn (Debian: systemd-container)"
[ -x /lib/systemd/systemd ] || skip_all "no systemd"
if [ -z "${IN_MOUNTS:-}" ]; then
	rm -rf "$dir"
	unshare -m true 2>/dev/null || skip_all "mount namespaces are not allowed here"
	IN_MOUNTS=1 exec unshare -m "$0" "$@"
fi

root=$dir/layer/root
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	umount -l "$root" "$dir/layer" 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT
make_root() {
	mkdir "$dir/layer" && mount -t tmpfs layer "$dir/layer" || return 1
	mkdir "$dir"/layer/{upper,work,root}
	mount -t overlay -o "lowerdir=/,upperdir=$dir/layer/upper,workdir=$dir/layer/work" \
		layer "$root"
}
make_root 2>"$dir/why" || skip_all "no layer on the root: $(cat "$dir/why")"
mkdir -p "$root/check"
rm -f "$root/etc/machine-id"
: >"$root/etc/machine-id"

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
B=$(dirname "$TCPDWELL") PREFIX=/usr/local DESTDIR=$root "$source_dir/scripts/install.sh" \
	>"$dir/install" 2>&1
ok $? "make install puts the unit and its rules into the container" || diag "$(cat "$dir/install")"
unit=$root/usr/local/lib/systemd/system/tcpdwell.service

systemd-analyze verify --man=no --root="$root" tcpdwell.service >"$dir/verify" 2>&1
is "$(grep tcpdwell "$dir/verify")" "" "systemd-analyze verify has nothing to say of the unit"
# The most that docs/service.md tells, of 100: no worse by a change.
systemd-analyze security --offline=yes --threshold=42 "$unit" >"$dir/security" 2>&1
ok $? "systemd-analyze security: $(sed -n 's/^.*Overall exposure level for [^:]*: //p' "$dir/security")"

cat >"$root/etc/tcpdwell.ini" <<'END'
[rule quick]
state = CLOSE_WAIT
max = 1s
END
mkdir -p "$root/etc/systemd/system/tcpdwell.service.d"
# The leak sanitizer, where it is built in, wants to trace the process, which the unit does not allow.
printf '[Service]\nWatchdogSec=10s\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
	>"$root/etc/systemd/system/tcpdwell.service.d/quick.conf"
cat >"$root/etc/systemd/system/check.service" <<'END'
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/check/run
StandardOutput=file:/check/out
StandardError=file:/check/err
END
printf '[Unit]\nRequires=systemd-journald.service check.service\n' \
	>"$root/etc/systemd/system/check.target"

# Each line of what it says is NAME VALUE.
cat >"$root/check/run" <<'END'
#!/bin/bash
show() { systemctl show -P "$1" tcpdwell; }
until_it() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}
alerted() { journalctl -q -o json TCPDWELL_STATE=CLOSE_WAIT >/check/alerts && [ -s /check/alerts ]; }
restarted() { [ "$(show NRestarts)" -ge 1 ] && [ "$(show ActiveState)" = active ]; }
rules_read() { journalctl -q -u tcpdwell | grep -q 'thresholds are in force'; }

systemctl start tcpdwell
status=$?
echo "start $status"
journalctl -q -u tcpdwell >/check/journal
[ $status -eq 0 ] || exit 0
echo "state $(show ActiveState) $(show SubState) $(show Type)"
echo "status $(show StatusText)"
pid=$(show MainPID)
for set in Prm Eff Bnd Amb; do
	echo "Cap$set $(sed -n "s/^Cap$set:\t//p" /proc/$pid/status)"
done
echo "seccomp $(sed -n 's/^Seccomp:\t//p' /proc/$pid/status)"
echo "no_new_privs $(sed -n 's/^NoNewPrivs:\t//p' /proc/$pid/status)"
perl -MIO::Socket::INET -e '
	$0 = "leaky"; $| = 1;
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
	my $s = $l->accept; close $c; sysread $s, my $eof, 1; sleep 1000;' &
until_it 60 alerted; echo "alert $?"
perl -MHTTP::Tiny -e 'print HTTP::Tiny->new->get("http://127.0.0.1:9464/metrics")->{content}' \
	>/check/metrics
echo "stuck $(show StatusText)"
systemctl reload tcpdwell; echo "reload $?"
until_it 60 rules_read; echo "rules $?"
kill -STOP "$pid"
until_it 120 restarted; echo "watchdog $?"
journalctl -q -u tcpdwell | grep -q 'Watchdog timeout'; echo "timeout $?"
systemctl stop tcpdwell; echo "stop $?"
echo "result $(show Result) $(show ActiveState)"

printf 'OPTIONS="--config /etc/tcpdwell.ini --user nobody"\n' >/etc/default/tcpdwell
systemctl start tcpdwell; echo "user_start $?"
pid=$(show MainPID)
echo "user $(stat -c %U "/proc/$pid")"
echo "user_caps $(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")"
systemctl stop tcpdwell
journalctl -q -u tcpdwell >/check/journal
END
chmod 755 "$root/check/run"

boot() {
	SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes timeout -k 10 400 systemd-nspawn -q --directory="$root" \
		--register=no --keep-unit --private-network --machine="tcpdwell-$$" \
		--console=read-only --capability=all --system-call-filter="bpf perf_event_open kcmp" \
		/lib/systemd/systemd --unit=check.target >"$dir/console" 2>&1 </dev/null
}
status=0
boot || status=$?
out=$root/check/out
# A container that is refused is the machine's matter; one that hangs, or ends without a word, ours.
if [ ! -e "$out" ] && [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -ne 137 ]; then
	skip "the unit under systemd" "systemd-nspawn: status $status: $(tail -1 "$dir/console")"
	done_testing
fi
is "$status" 0 "systemd in the container comes to its end" || diag "$(tail -20 "$dir/console")"
[ -e "$out" ]
ok $? "... and has run what is to be checked" || done_testing

said() {
	sed -n "s/^$1 //p" "$out"
}

is "$(said start)" 0 "it starts" || {
	diag "$(cat "$root/check/err" "$root/check/journal")"
	done_testing
}
is "$(said state)" "active running notify" "systemd has waited until it was ready"
like "$(said status)" "^watching, tier " "... and shows what it does: $(said status)"
is "$(said CapEff)" "0000008000280004" \
	"it keeps BPF, SYS_ADMIN, SYS_PTRACE and DAC_READ_SEARCH" || diag "$(grep Cap "$out")"
is "$(said CapPrm)" "$(said CapEff)" "... and can take no other up"
is "$(said seccomp) $(said no_new_privs)" "2 1" "system calls are filtered, without new privileges"
is "$(said alert)" 0 "a leaked socket is in the journal" || diag "$(cat "$root/check/journal")"
is "$(jq -r '[.TCPDWELL_STATE, .TCPDWELL_RULE, .TCPDWELL_DIAGNOSIS, .TCPDWELL_COMM] | join(" ")' \
	"$root/check/alerts" | head -1)" \
	"CLOSE_WAIT quick eof_read_not_closed leaky" "... with fields" || diag "$(head -1 "$root/check/alerts")"
is "$(jq -r ._SYSTEMD_UNIT "$root/check/alerts" | head -1)" "tcpdwell.service" "... of the unit"
grep -q '^tcpdwell_stuck_sockets{.*process="leaky".*} 1$' "$root/check/metrics"
ok $? "/metrics has it" || diag "$(grep stuck "$root/check/metrics")"
like "$(said stuck)" "^1 sockets? stuck" "... and so has the status"
is "$(said reload) $(said rules)" "0 0" "systemctl reload reads the rules again"
is "$(said watchdog) $(said timeout)" "0 0" "one that hangs is ended by the watchdog, and started again"
is "$(said stop) $(said result)" "0 success inactive" "it stops at once, and well"
is "$(said user_start) $(said user)" "0 nobody" "--user in /etc/default/tcpdwell: it runs as that user"
is "$(said user_caps)" "$(said CapEff)" "... with the same capabilities"

done_testing

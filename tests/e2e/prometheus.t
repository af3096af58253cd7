#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# dist/prometheus with the real Prometheus and Alertmanager: a leaked socket is
# an alert in the Alertmanager, and is resolved when it is closed.
# shellcheck disable=SC2016,SC2317 # programs in perl; what wait_for calls
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/service.sh
. "$(dirname "$0")/lib/service.sh"
export PATH=$PATH:/usr/local/sbin:/usr/sbin
dist=$(cd "$(dirname "$0")/../../dist/prometheus" && pwd)

for program in promtool prometheus prometheus-alertmanager; do
	command -v $program >/dev/null ||
		skip_all "there is no $program here (Debian packages prometheus, prometheus-alertmanager)"
done

promtool check rules "$dist/rules.yml" >"$dir/check" 2>&1
ok $? "promtool check rules"
promtool test rules "$dist/rules_test.yml" >"$dir/check" 2>&1
ok $? "promtool test rules"
grep -q SUCCESS "$dir/check" || diag "$(cat "$dir/check")"
promtool check config "$dist/prometheus.yml" >"$dir/check" 2>&1
ok $? "promtool check config"

begin_watch --max CLOSE_WAIT=500ms --exec true

# The ports are free: nothing else is in this network namespace.
sed 's/^\( *for:\) .*/\1 0s/' "$dist/rules.yml" >"$dir/rules.yml"
sed -e 's/^\( *[a-z]*_interval:\) .*/\1 2s/' -e "s/127.0.0.1:9464/127.0.0.1:$port/" \
	"$dist/prometheus.yml" >"$dir/prometheus.yml"
cat >"$dir/alertmanager.yml" <<-'END'
	route: {receiver: nobody, group_wait: 0s, group_interval: 1s}
	receivers: [{name: nobody}]
END
mkdir "$dir/alerts" "$dir/series"
background alertmanager prometheus-alertmanager --config.file="$dir/alertmanager.yml" \
	--storage.path="$dir/alerts" --web.listen-address=127.0.0.1:9093 --cluster.listen-address=
background prometheus prometheus --config.file="$dir/prometheus.yml" \
	--storage.tsdb.path="$dir/series" --web.listen-address=127.0.0.1:9090
prom=http://127.0.0.1:9090

# query EXPRESSION: what Prometheus answers, whatever it is
query() {
	get "$prom/api/v1/query?query=$(jq -rn --arg q "$1" '$q | @uri')"
}

# results EXPRESSION: how many there are
results() {
	query "$1" | jq '.data.result | length' 2>/dev/null
}

is_up() {
	[ "$(results "up{job=\"tcpdwell\"} == 1")" = 1 ]
}

# alert_is NAME N: so many alerts of that name and of the leaking process are active in the Alertmanager
alert_is() {
	get http://127.0.0.1:9093/api/v2/alerts >"$dir/alerts.json" || return
	jq --arg name "$1" '[.[] | select(.labels.alertname == $name and .labels.process == "leaky" and
		.status.state == "active")]' "$dir/alerts.json" >"$dir/active.json"
	[ "$(jq length "$dir/active.json")" = "$2" ]
}

wait_for 60 is_up
up=$?
ok $up "Prometheus scrapes it"
[ $up -eq 0 ] || diag "$(tail -3 "$dir/prometheus.err")"
wait_for 60 get http://127.0.0.1:9093/-/ready >/dev/null
ready=$?
ok $ready "the Alertmanager is there"
[ $ready -eq 0 ] || diag "$(tail -3 "$dir/alertmanager.err")"

leak 5
wait_for 60 alert_is TcpdwellSocketsStuck 1
ok $? "the leak is an alert in the Alertmanager"
is "$(jq -r '.[0].labels | "\(.alertname) \(.state) \(.process) \(.rule) \(.severity)"' "$dir/active.json")" \
	"TcpdwellSocketsStuck CLOSE_WAIT leaky close_wait warning" "with its labels"
like "$(jq -r '.[0].annotations.summary' "$dir/active.json")" '^[1-5] sockets of leaky are stuck in CLOSE_WAIT$' \
	"and a sentence"

# Some traffic for the rates, over more than one scrape.
traffic 5 && sleep 5 && traffic 5 && sleep 5

rules_are_well() {
	[ "$(get "$prom/api/v1/rules" |
		jq '[.data.groups[].rules[] | select(.health != "ok")] | length')" = 0 ]
}
wait_for 30 rules_are_well
ok $? "every rule is evaluated without an error"

# What has nothing to show in so short a time.
may_be_empty='alerts_total'
while IFS= read -r expr; do
	sent=${expr//\$instance/.*}
	sent=${sent//\$__rate_interval/1m}
	sent=${sent//\$__range/1h}
	answer=$(query "$sent")
	is "$(jq -r .status <<<"$answer")" success "dashboard: $expr"
	[[ $expr =~ $may_be_empty ]] || is "$([ "$(jq '.data.result | length' <<<"$answer")" -gt 0 ]; echo $?)" 0 \
		"... has an answer"
done < <(jq -r '.panels[].targets[].expr' "$dist/dashboard.json")
is "$(get "$prom/api/v1/label/instance/values?match\[\]=tcpdwell_build_info" | jq -r '.data[]')" \
	"127.0.0.1:$port" "dashboard: its list of hosts"

# A name that is spelt wrong gives an empty answer too.
metrics | sed -n 's/^# TYPE \([^ ]*\) histogram/\1_bucket/p; s/^# TYPE \([^ ]*\) .*/\1/p' | sort -u >"$dir/known"
jq -r '.panels[].targets[].expr' "$dist/dashboard.json" | cat - <(sed '/^ *\(- \)*record:/d; s/^ *#.*//; s/summary:.*//' \
	"$dist/rules.yml" | grep -A3 'expr:') | grep -oE '\b(tcpdwell|process)_[a-z_]+\b' | sort -u >"$dir/used"
is "$(comm -23 "$dir/used" "$dir/known" | xargs)" "" "rules and dashboard use what /metrics has"

unleak
wait_for 60 alert_is TcpdwellSocketsStuck 0
ok $? "closed: the alert is over"
is "$(results 'ALERTS{alertname="TcpdwellSocketsStuck",process="leaky",alertstate="firing"}')" 0 "for Prometheus too"
forget
finish "$watch"
is $status 0 "watch ends as it should"
done_testing

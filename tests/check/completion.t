#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Completion: what bash, zsh and fish offer, asked from the shells themselves.
# shellcheck source=tests/check/lib/made.sh
. "$(dirname "$0")/lib/made.sh"
made_in completion tcpdwell

# offers ANSWER WORD...: all of them, and none that is given with "!"
offers() {
	local answer=" ${1//$'\n'/ } " word

	shift
	for word; do
		case $word in
		!*) [[ $answer != *" ${word#!} "* ]] || return 1 ;;
		*) [[ $answer == *" $word "* ]] || return 1 ;;
		esac
	done
}

# bash_says WORD...: what it offers for the last word
bash_says() {
	bash --norc -c '
		. "$0"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_tcpdwell
		echo "${COMPREPLY[*]}"' "$made/tcpdwell" "$@" 2>&1
}

# bash_offers NAME "WORD..." WANTED...
bash_offers() {
	local name=$1 words answer

	IFS=, read -ra words <<<"$2"
	[[ $2 != *, ]] || words+=("")
	shift 2
	answer=$(bash_says "${words[@]}")
	offers "$answer" "$@"
	ok $? "bash: $name" "$answer"
}

bash_offers "the commands" tcpdwell, trace list doctor --help
bash_offers "the commands that begin so" tcpdwell,li list '!trace'
bash_offers "the options of a command" tcpdwell,trace,-- --state= --json '!--sort='
bash_offers "the options of another" tcpdwell,list,--s --sort= --summary '!--json'
bash_offers "states" tcpdwell,trace,--state,=, CLOSE_WAIT TIMED_WAIT SYN_SEND
bash_offers "states that begin so" tcpdwell,trace,--state,=,CLOSE_ CLOSE_WAIT '!LISTEN'
bash_offers "states without =" tcpdwell,trace,--state,FIN FIN_WAIT_1 FIN_WAIT_2 '!CLOSED'
bash_offers "states to give a limit for" tcpdwell,trace,--max,=,CLOSE_ CLOSE_WAIT=
bash_offers "tiers" tcpdwell,trace,--tier,=, auto fentry timer sweep
bash_offers "names" tcpdwell,list,--names,=,r rfc '!kernel'
bash_offers "what to sort by" tcpdwell,list,--sort,=, dwell recv_q
bash_offers "processes" tcpdwell,trace,--pid,=, $$
bash_offers "nothing for a number" tcpdwell,trace,--lport,=, '!CLOSED' '!--json'
bash_offers "nothing for an unknown command" tcpdwell,dance,-- '!--json'
bash -n "$made/tcpdwell"
ok $? "bash: its syntax"

if command -v shellcheck >/dev/null; then
	said=$(shellcheck -s bash "$made/tcpdwell" 2>&1)
	ok $? "bash: shellcheck" "$said"
else
	skip "bash: shellcheck" "there is no shellcheck"
fi

# The completion widgets of zsh want a terminal; what _arguments gets is seen without one.
zsh_says() {
	zsh -f -c '
		_arguments() { print -rl -- "$@"; line=($command); state=$state_now }
		_describe() { print -rl -- "${(@P)2}" }
		state_now=$1 command=${2:-}
		functions[_t]=$(<$0)
		_t' "$made/_tcpdwell" "$@" 2>&1
}

if command -v zsh >/dev/null; then
	said=$(zsh -n "$made/_tcpdwell" 2>&1)
	ok $? "zsh: its syntax" "$said"
	said=$(zsh_says command)
	[[ $said == *$'\ntrace:every transition, live\n'* ]]
	ok $? "zsh: the commands" "$said"
	said=$(zsh_says options list)
	[[ $said == *'--sort='*'recv_q'* && $said != *'--half-open'* ]]
	ok $? "zsh: the options of a command" "$said"
else
	skip "zsh: syntax, commands, options" "there is no zsh"
fi

# fish_says LINE
fish_says() {
	HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent fish --no-config -c \
		"source $made/tcpdwell.fish; complete -C '$1'" 2>&1 | cut -f 1
}

fish_offers() {
	local name=$1 answer

	answer=$(fish_says "$2")
	shift 2
	offers "$answer" "$@"
	ok $? "fish: $name" "$answer"
}

if command -v fish >/dev/null; then
	said=$(fish --no-execute "$made/tcpdwell.fish" 2>&1)
	ok $? "fish: its syntax" "$said"
	fish_offers "the commands" 'tcpdwell ' trace list doctor
	fish_offers "the options of a command" 'tcpdwell list --s' --sort --summary '!--json'
	fish_offers "states" 'tcpdwell trace --state=CLOSE_' --state=CLOSE_WAIT '!--state=LISTEN'
	fish_offers "tiers" 'tcpdwell trace --tier ' auto fentry
else
	skip "fish: syntax, commands, options, values" "there is no fish"
fi
echo "1..$n"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# layers.sh [ROOT]: dependencies point one way (CONTRIBUTING.md, "Layout").
# Prints each line that includes what it may not; status 1 if there is one.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

declare -A may=(
	[main]="cmd util include"
	[cmd]="cmd kern out rec tui model util include skel"
	[kern]="kern model util include skel"
	[out]="out model util include"
	[rec]="rec model util include"
	[tui]="tui out model util include"
	[model]="model include"
	[util]="util include"
	[include]="include"
	[bpf]="bpf include vmlinux"
)

# The model has no kernel, no clock and no files: what it is told is all it knows.
banned_in_model='^(bpf/.*|linux/bpf.*|libelf|gelf|stdio|time|sys/time|unistd|fcntl|pthread|sys/socket|sys/stat|argp)\.h$'

bad=0
complain() {
	echo "$1:$2: $3"
	bad=1
}

# The answers go to $answer: a process for each would take seconds.
layer_of_file() {
	local part

	case $1 in
	user/*/*)
		part=${1#user/}
		answer=${part%%/*}
		;;
	user/*) answer=main ;;
	*) answer=${1%%/*} ;;
	esac
}

# Where an #include "..." of a file in DIR leads, in the compiler's order.
layer_of_include() {
	local dir=$1 name=$2 path

	case $name in
	*.skel.h) answer=skel && return ;;
	vmlinux.h) answer=vmlinux && return ;;
	esac
	for path in "$dir/$name" "include/$name" "user/$name" "bpf/$name"; do
		[ -e "$path" ] || continue
		[[ $path != *../* ]] || path=$(realpath --relative-to=. "$path")
		layer_of_file "$path"
		return
	done
	answer=unknown
}

name_in_include='["<]([^">]*)[">]'
while IFS=: read -r file line text; do
	[[ $text =~ $name_in_include ]] || continue
	name=${BASH_REMATCH[1]}
	layer_of_file "$file"
	layer=$answer
	if [[ $text != *\"* ]]; then
		[[ $layer != model || ! $name =~ $banned_in_model ]] ||
			complain "$file" "$line" "the model must not include <$name>"
		continue
	fi
	layer_of_include "${file%/*}" "$name"
	case " ${may[$layer]-} " in
	*" $answer "*) ;;
	*) complain "$file" "$line" "$layer must not include \"$name\" ($answer)" ;;
	esac
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' \
	--include='*.[ch]' user include bpf 2>/dev/null)
exit $bad

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the project needs from the system: finds out what is missing with local
# checks only, and installs it where the system has apt.
#
#   deps.sh install GROUP...   install what is missing; asks no registry when nothing is
#   deps.sh missing GROUP...   name what is missing, one a line; status 1 if anything is
#   deps.sh modules GROUP      the pkg-config modules of a group (the Makefile's libraries)
#   deps.sh packages SYSTEM GROUP   the packages of debian or fedora, for their packaging
#   deps.sh foreign GROUP...   Debian's packages of what is for the machine that it is built for
#   deps.sh bpftool            the bpftool to use
#   deps.sh verify             status 1 and one sentence if the build tools can't do it
set -eu

# Debian keeps bpftool in /usr/sbin, which users do not have in their path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# LLVM 12 brought the CO-RE relocations that ask whether a type or an enum value
# exists; 13 is the oldest that our objects were built with and loaded. libbpf
# and bpftool: the oldest of the generation that this is tested with.
CLANG_MIN=13
LIBBPF_MIN=1.1
BPFTOOL_MIN=7.0

# One line an item: a command, static:COMMAND for one that needs no libraries,
# pc:MODULE for a library, file:PATH for the rest.
# A library added to the group "build" is linked into tcpdwell (but for those of
# ON_DEMAND in the Makefile), one in "test" into the test programs. "-" means: part of another package, or done without:
# the tests that want it are skipped.
table() {
	cat <<-'END'
	# group item            debian           fedora                arch              suse
	build   cc              gcc              gcc                   gcc               gcc
	build   file:/usr/include/stdio.h libc6-dev glibc-devel        glibc             glibc-devel
	build   ar              binutils         binutils              binutils          binutils
	build   clang           clang            clang                 clang             clang
	build   llvm-strip      llvm             llvm                  llvm              llvm
	build   pkg-config      pkg-config       pkgconf-pkg-config    pkgconf           pkg-config
	build   bpftool         bpftool          bpftool               bpf               bpftool
	build   pc:libbpf       libbpf-dev       libbpf-devel          libbpf            libbpf-devel
	build   pc:libelf       libelf-dev       elfutils-libelf-devel libelf            libelf-devel
	build   pc:zlib         zlib1g-dev       zlib-devel            zlib              zlib-devel
	build   pc:libzstd      libzstd-dev      libzstd-devel         zstd              libzstd-devel
	build   pc:inih         libinih-dev      inih-devel            libinih           libinih-devel
	build   pc:libmicrohttpd libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd     libmicrohttpd-devel
	build   pc:libcap       libcap-dev       libcap-devel          libcap            libcap-devel
	build   pc:libseccomp   libseccomp-dev   libseccomp-devel      libseccomp        libseccomp-devel
	build   pc:ncursesw     libncurses-dev   ncurses-devel         ncurses           ncurses-devel
	test    prove           perl             perl-Test-Harness     perl              perl
	test    pc:cmocka       libcmocka-dev    libcmocka-devel       cmocka            libcmocka-devel
	test    pc:jansson      libjansson-dev   jansson-devel         jansson           libjansson-devel
	test    ip              iproute2         iproute               iproute2          iproute2
	test    jq              jq               jq                    jq                jq
	test    tmux            tmux             tmux                  tmux              tmux
	test    nginx           nginx-light      -                     -                 -
	test    wrk             wrk              -                     -                 -
	test    redis-server    redis-server     -                     -                 -
	test    redis-benchmark redis-tools      -                     -                 -
	test    libfuzzer       libclang-rt-dev  compiler-rt           compiler-rt       clang
	test    systemd-nspawn  systemd-container -                   -                 -
	test    mandoc          mandoc           mandoc                mandoc            mandoc
	servers promtool        prometheus       -                     -                 -
	servers prometheus-alertmanager prometheus-alertmanager -      -                 -
	check   clang-format    clang-format     clang-tools-extra     clang             clang
	check   clang-tidy      clang-tidy       clang-tools-extra     clang             clang
	check   shellcheck      shellcheck       ShellCheck            shellcheck        ShellCheck
	dist    dpkg-buildpackage dpkg-dev       -                     -                 -
	dist    dh              debhelper        -                     -                 -
	dist    fakeroot        fakeroot         -                     -                 -
	dist    lintian         lintian          -                     -                 -
	dist    rpmbuild        rpm              rpm-build             -                 rpm-build
	dist    zsh             zsh              zsh                   zsh               zsh
	dist    fish            fish             fish                  fish              fish
	vm      static:busybox  busybox-static   busybox               busybox           busybox-static
	vm      file:/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring - - -
	vm-x86_64 qemu-system-x86_64 qemu-system-x86 qemu-system-x86-core qemu-system-x86 qemu-x86
	vm-arm64 qemu-system-aarch64 qemu-system-arm qemu-system-aarch64-core qemu-system-aarch64 qemu-arm
	arm64   aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc cross-aarch64-gcc12
	arm64   aarch64-linux-gnu-ar binutils-aarch64-linux-gnu binutils-aarch64-linux-gnu aarch64-linux-gnu-binutils cross-aarch64-binutils
	arm64   file:/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring - - -
	bench   bpftrace        bpftrace         bpftrace              bpftrace          bpftrace
	bench   valgrind        valgrind         valgrind              valgrind          valgrind
	bench   tcpstates       libbpf-tools     libbpf-tools          libbpf-tools      libbpf-tools
	END
}

die() {
	echo "deps: $*" >&2
	exit 1
}

rows() {
	table | while read -r group item debian fedora arch suse; do
		for wanted; do
			[ "$wanted" = "$group" ] || continue
			echo "$item $debian $fedora $arch $suse"
		done
	done
}

# packages SYSTEM GROUP: without what each of its build systems has anyway
packages() {
	case $1 in
	debian) rows "$2" | column 2 | tr ' ' '\n' | grep -vxE 'gcc|binutils|libc6-dev' ;;
	fedora) rows "$2" | column 3 | tr ' ' '\n' | grep -vxE 'binutils|glibc-devel' ;;
	*) die "packages of debian or of fedora" ;;
	esac
}

# The libraries, the C library, and programs that go into a guest
foreign() {
	rows "$@" | sed -n 's,^\(pc:\|static:\|file:/usr/include/\)[^ ]* \([^ ]*\).*,\2,p' | sort -u | xargs
}

# Ubuntu's /usr/sbin/bpftool is a wrapper that fails unless the tools of the
# running kernel are installed; any of the installed ones can write a skeleton.
find_bpftool() {
	# shellcheck disable=SC2012 # these names have no odd characters
	for tool in "${BPFTOOL:-bpftool}" $(ls -d /usr/lib/linux-tools/*/bpftool \
		/usr/lib/linux-tools-*/bpftool 2>/dev/null | sort -rV); do
		if "$tool" version >/dev/null 2>&1; then
			command -v "$tool"
			return 0
		fi
	done
	return 1
}

# No package brings what CC, CLANG or BPFTOOL names, unless it is one of the table's commands.
check_named() {
	for named in "CC=${CC:-cc}" "CLANG=${CLANG:-clang}" "BPFTOOL=${BPFTOOL:-bpftool}"; do
		tool=${named#*=}
		tool=${tool%% *}
		! table | awk -v tool="$tool" '$2 == tool { found = 1 } END { exit !found }' || continue
		"$tool" --version >/dev/null 2>&1 ||
			die "$named can't be run: give ${named%%=*} the name of one that can, or leave it out"
	done
}

is_static() {
	command -v "$1" >/dev/null 2>&1 && ! ldd "$(command -v "$1")" >/dev/null 2>&1
}

# clang's runtime for fuzzing, where each of its versions keeps it
has_libfuzzer() {
	for name in libclang_rt.fuzzer.a "libclang_rt.fuzzer-$(uname -m).a"; do
		case $("${CLANG:-clang}" -print-file-name="$name" 2>/dev/null) in
		/*) return 0 ;;
		esac
		[ ! -e "$("${CLANG:-clang}" -print-runtime-dir 2>/dev/null)/$name" ] || return 0
	done
	return 1
}

present() {
	case $1 in
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	file:*) [ -e "${1#file:}" ] ;;
	static:*) is_static "${1#static:}" ;;
	bpftool) find_bpftool >/dev/null ;;
	cc) cc=${CC:-cc} && command -v "${cc%% *}" >/dev/null 2>&1 ;;
	clang) command -v "${CLANG:-clang}" >/dev/null 2>&1 ;;
	libfuzzer) has_libfuzzer ;;
	tcpstates) command -v tcpstates >/dev/null 2>&1 || command -v bpf-tcpstates >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

missing() {
	rows "$@" | while read -r item packages; do
		present "$item" || echo "$item $packages"
	done
}

column() {
	awk -v n="$1" '$n != "-" { print $n }' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

has_candidate() {
	apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

# Debian starts a service as soon as its package is installed, and at each boot.
# The tests start servers of their own, so the services of packages that are
# here for the tests alone stay off. invoke-rc.d and deb-systemd-invoke ask
# policy-rc.d; where the administrator has one already, that one decides. Only a
# first start is refused: what runs may be restarted when it is upgraded.
POLICY=/usr/sbin/policy-rc.d

policy() {
	cat <<-END
		#!/bin/sh
		# Here while tcpdwell's scripts/deps.sh installs packages; it may be removed.
		for service in $1; do
			case " \$* " in
			*" \$service start "* | *" \$service.service start "*) exit 101 ;;
			*" ("*) exit 101 ;; # not of this runlevel: as without a policy
			esac
		done
		exit 0
	END
}

hold_services() {
	[ -n "$1" ] && [ ! -e $POLICY ] || return 0
	trap 'as_root rm -f $POLICY' EXIT
	trap 'exit 1' HUP INT TERM
	policy "$1" | as_root sh -c "umask 022; set -C; cat >$POLICY && chmod 755 $POLICY"
}

disable_services() {
	for service in $1; do
		as_root update-rc.d "$service" disable >/dev/null 2>&1 || :
	done
	[ -z "$1" ] || echo "deps: installed for the tests, and not started as services: $1"
}

apt_install() {
	names=$1
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 ||
		die "there is no sudo here; please run as root: apt-get install $names"
	echo "deps: installing $names"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null ||
		die "apt-get update failed, see above"
	# Before 24.10 Ubuntu had bpftool in the kernel's tools.
	case " $names " in
	*" bpftool "*)
		has_candidate bpftool ||
			names=$(echo " $names " |
				sed 's/ bpftool / linux-tools-common linux-tools-generic /')
		;;
	esac
	services=$(echo "$lacking" | awk '
		$1 == "nginx" || $1 == "redis-server" || $1 == "prometheus-alertmanager" { print $1 }
		$1 == "promtool" { print "prometheus" }' | xargs)
	hold_services "$services"
	# shellcheck disable=SC2086 # a list of names
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
		$names </dev/null || die "apt-get could not install: $names"
	disable_services "$services"
}

# ask_for WORDS COLUMN: to install what that system has packages for; it does without the rest
ask_for() {
	names=$(echo "$lacking" | column "$2")
	[ -z "$names" ] || die "$1 $names"
	exit 0
}

install_missing() {
	check_named
	lacking=$(missing "$@")
	[ -n "$lacking" ] || return 0
	if command -v apt-get >/dev/null 2>&1; then
		apt_install "$(echo "$lacking" | column 2)"
	elif command -v dnf >/dev/null 2>&1; then
		ask_for "please run: dnf install" 3
	elif command -v pacman >/dev/null 2>&1; then
		ask_for "please run: pacman -S" 4
	elif command -v zypper >/dev/null 2>&1; then
		ask_for "please run: zypper install" 5
	else
		ask_for "please install (names of Fedora's packages):" 3
	fi
	lacking=$(missing "$@" | column 1)
	[ -z "$lacking" ] || die "still missing after the installation: $lacking"
}

# at_least HAVE MIN: versions are compared as sort -V does
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

first_version() {
	sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1
}

verify() {
	check_named
	lacking=$(missing build | column 1 | sed 's/pc://g; s/file://g')
	[ -z "$lacking" ] ||
		die "missing: $lacking; 'make deps' installs what the build needs"
	have=$("${CLANG:-clang}" --version | first_version)
	at_least "$have" $CLANG_MIN ||
		die "clang $have is too old, $CLANG_MIN or newer is needed: install one and name it with CLANG=clang-N"
	have=$(pkg-config --modversion libbpf)
	at_least "$have" $LIBBPF_MIN ||
		die "libbpf $have is too old, $LIBBPF_MIN or newer is needed (Debian 12 and Ubuntu 24.04 have one)"
	tool=$(find_bpftool)
	have=$("$tool" version 2>/dev/null | first_version)
	at_least "$have" $BPFTOOL_MIN ||
		die "bpftool $have is too old, $BPFTOOL_MIN or newer is needed: install one and name it with BPFTOOL=/path"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
install) install_missing "$@" ;;
missing)
	lacking=$(missing "$@")
	[ -n "$lacking" ] || exit 0
	echo "$lacking" | awk '{ print $1 }'
	exit 1
	;;
modules) rows "$@" | sed -n 's/^pc:\([^ ]*\).*/\1/p' ;;
packages) packages "$@" ;;
foreign) foreign "$@" ;;
bpftool) find_bpftool ;;
verify) verify ;;
*) die "usage: deps.sh install|missing|modules GROUP... | packages SYSTEM GROUP | foreign GROUP... | bpftool | verify" ;;
esac

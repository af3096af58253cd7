#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# storm.pl CONNECTIONS LATE NEVER: connections over loopback, each second one
# closed by the server first; then some whose server closes late, and some
# whose server closes when the client's FIN_WAIT_2 has timed out.
use strict;
use warnings;
use IO::Socket::IP;
use Socket qw(IPPROTO_TCP);

use constant {
	PORT => 8080,
	TCP_LINGER2 => 8,
	LINGER_S => 4, # the most that the kernel counts as killed
	LATE_S => 0.7,
	TIMEOUT_S => 7,
};

my %listener;

sub listener {
	my $addr = shift;

	$listener{$addr} = IO::Socket::IP->new(Listen => 128, LocalHost => $addr, LocalPort => PORT,
		ReuseAddr => 1) or die "listen on $addr: $!";
}

sub pair {
	my $addr = shift;
	my $c = IO::Socket::IP->new(PeerHost => $addr, PeerPort => PORT) or die "connect: $!";
	my $s = $listener{$addr}->accept or die "accept: $!";

	return $c, $s;
}

# The server's end: the client has closed.
sub half {
	my $linger = shift;
	my ($c, $s) = pair("127.0.0.1");

	setsockopt $c, IPPROTO_TCP, TCP_LINGER2, pack "i", LINGER_S or die "TCP_LINGER2: $!" if $linger;
	close $c;
	return $s;
}

sub pause {
	select undef, undef, undef, shift;
}

my ($connections, $late, $never) = @ARGV;
listener($_) for "127.0.0.1", "::1";
for my $i (1 .. $connections) {
	my @ends = pair($i & 2 ? "::1" : "127.0.0.1");
	@ends = reverse @ends if $i & 1;
	close $_ for @ends;
}
my @late = map { half(0) } 1 .. $late;
my @never = map { half(1) } 1 .. $never;
pause(LATE_S) if @late;
close $_ for @late;
pause(TIMEOUT_S) if @never;
close $_ for @never;

#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# page.pl CHROMIUM PROFILE FILE.html PICTURE-PREFIX: opens the page in headless
# Chromium (the DevTools protocol over a pipe) at two widths, light and dark;
# prints a JSON object a view: what the page says of itself, what the console
# said, and how its tables sort.
use strict;
use warnings;
use IO::Handle;
use JSON::PP;
use MIME::Base64;
use POSIX ();

my ($chromium, $profile, $file, $prefix) = @ARGV;
my ($from_us, $from_it, $to_it, $to_us, $id, @events) = (undef, undef, undef, undef, 0);

pipe $from_us, $to_it or die "pipe: $!";
pipe $from_it, $to_us or die "pipe: $!";
my $pid = fork // die "fork: $!";
if (!$pid) {
	POSIX::dup2(fileno $from_us, 3 + 10);
	POSIX::dup2(fileno $to_us, 4 + 10);
	POSIX::dup2(13, 3); # read by it
	POSIX::dup2(14, 4); # written by it
	open STDOUT, ">", "/dev/null";
	open STDERR, ">", "/dev/null";
	no warnings "exec";
	exec $chromium, qw(--headless=new --no-sandbox --disable-gpu --hide-scrollbars
		--disable-dev-shm-usage --no-first-run --disable-background-networking
		--remote-debugging-pipe), "--user-data-dir=$profile", "about:blank";
	POSIX::_exit(127);
}
close $from_us;
close $to_us;
$to_it->autoflush(1);
local $SIG{ALRM} = sub { kill "KILL", $pid; die "the browser does not answer\n" };
alarm 120;

sub next_message {
	local $/ = "\0";
	my $line = <$from_it> // die "the browser has gone\n";

	chomp $line;
	return decode_json $line;
}

sub call {
	my ($session, $method, %params) = @_;
	my $call = {id => ++$id, method => $method, params => \%params};

	$call->{sessionId} = $session if $session;
	print $to_it encode_json($call), "\0";
	while (1) {
		my $m = next_message();

		if (!defined $m->{id}) {
			push @events, $m;
		} elsif ($m->{id} == $id) {
			die "$method: $m->{error}{message}\n" if $m->{error};
			return $m->{result};
		}
	}
}

sub wait_event {
	my $method = shift;

	until (grep { $_->{method} eq $method } @events) {
		push @events, next_message();
	}
}

sub value {
	my ($session, $code) = @_;
	my $r = call($session, "Runtime.evaluate", expression => $code, returnByValue => JSON::PP::true);

	die "in the page: $r->{exceptionDetails}{text}\n" if $r->{exceptionDetails};
	return $r->{result}{value};
}

# Numbers and texts, up and down, with a key as well.
my $sorting = <<'END';
(() => {
	let sorted = 0, wrong = [];
	for (const table of document.querySelectorAll('table.sort')) {
		[...table.tHead.rows[0].cells].forEach((head, i) => {
			const button = head.querySelector('button');
			if (!button) return;
			for (let n = 0; n < 2; n++) {
				button.click();
				const down = head.getAttribute('aria-sort') === 'descending';
				const v = [...table.tBodies[0].rows].map(r => r.cells[i].dataset.v === undefined ?
					r.cells[i].textContent : Number(r.cells[i].dataset.v));
				for (let k = 1; k < v.length; k++) {
					const d = typeof v[k] === 'number' ? v[k] - v[k - 1] : v[k].localeCompare(v[k - 1]);
					if (down ? d > 0 : d < 0) wrong.push(table.caption.textContent + ': ' + head.textContent);
				}
				sorted++;
			}
		});
	}
	return {sorted, wrong};
})()
END

# WCAG 2: the contrast of each text with what is behind it.
my $contrast = <<'END';
(() => {
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	let low = [];
	for (const e of document.querySelectorAll('h1,h2,p,dt,dd,th,td,caption,summary,li,footer,button')) {
		if (!e.textContent.trim()) continue;
		const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) low.push(e.tagName + ' ' + ratio.toFixed(2));
	}
	return low;
})()
END

# Texts of figures that leave the figure, or the box of their state.
my $clipped = <<'END';
(() => {
	const inside = (t, box) => { const r = t.getBoundingClientRect(); return r.left >= box.left - 1 && r.right <= box.right + 1 && r.top >= box.top - 1 && r.bottom <= box.bottom + 1; };
	let out = [];
	for (const svg of document.querySelectorAll('svg.machine, svg.time'))
		for (const t of svg.querySelectorAll('text'))
			if (!inside(t, svg.getBoundingClientRect())) out.push(t.textContent);
	for (const node of document.querySelectorAll('.node')) {
		const box = node.querySelector('rect').getBoundingClientRect();
		for (const t of node.querySelectorAll('text')) if (!inside(t, box)) out.push(t.textContent);
	}
	return out;
})()
END

# Arrows of the state machine with a point within a text.
my $crossed = <<'END';
(() => {
	const svg = document.querySelector('svg.machine'), out = [];
	for (const path of svg.querySelectorAll('.edge path')) {
		const n = path.getTotalLength();
		for (const t of svg.querySelectorAll('text')) {
			const b = t.getBBox();
			for (let at = 0; at <= n; at += 2) {
				const p = path.getPointAtLength(at);
				if (p.x > b.x && p.x < b.x + b.width && p.y > b.y && p.y < b.y + b.height) { out.push(t.textContent); break; }
			}
		}
	}
	return out;
})()
END

# Long tables show their first rows, and all with a button.
my $more = <<'END';
(() => {
	const seen = t => [...t.tBodies[0].rows].filter(r => getComputedStyle(r).display !== 'none').length;
	let long = 0, wrong = [];
	for (const table of document.querySelectorAll('table.sort')) {
		const all = table.tBodies[0].rows.length, button = table.parentElement.nextElementSibling;
		if (all <= 20) { if (seen(table) !== all) wrong.push('hidden'); continue; }
		long++;
		if (seen(table) !== 10 || button.getAttribute('aria-expanded') !== 'false') wrong.push('closed');
		button.click();
		if (seen(table) !== all || button.getAttribute('aria-expanded') !== 'true') wrong.push('opened');
		button.click();
		if (seen(table) !== 10) wrong.push('closed again');
	}
	return {long, wrong};
})()
END

my %view = (desktop => [1280, 900], phone => [390, 844]);
for my $name (sort keys %view) {
	for my $scheme (qw(light dark)) {
		my ($width, $height) = @{$view{$name}};
		my $target = call(undef, "Target.createTarget", url => "about:blank")->{targetId};
		my $s = call(undef, "Target.attachToTarget", targetId => $target, flatten => JSON::PP::true)->{sessionId};

		@events = ();
		call($s, $_) for "Page.enable", "Runtime.enable", "Log.enable", "Network.enable";
		call($s, "Emulation.setDeviceMetricsOverride", width => $width, height => $height,
			deviceScaleFactor => 1, mobile => $name eq "phone" ? JSON::PP::true : JSON::PP::false);
		call($s, "Emulation.setEmulatedMedia",
			features => [{name => "prefers-color-scheme", value => $scheme}]);
		call($s, "Page.navigate", url => "file://$file");
		wait_event("Page.loadEventFired");
		my $picture = call($s, "Page.captureScreenshot", captureBeyondViewport => JSON::PP::true);
		open my $out, ">", "$prefix-$name-$scheme.png" or die "$prefix: $!";
		binmode $out;
		print $out decode_base64($picture->{data});
		close $out;
		my %seen = (view => $name, scheme => $scheme,
			overflow => value($s, "document.documentElement.scrollWidth - document.documentElement.clientWidth"),
			tables => value($s, "document.querySelectorAll('table.sort').length"),
			captions => value($s, "document.querySelectorAll('table.sort > caption').length"),
			scripts => value($s, "document.scripts.length"),
			bold => value($s, "document.querySelectorAll('b').length"),
			background => value($s, "getComputedStyle(document.body).backgroundColor"),
			contrast => value($s, $contrast),
			clipped => value($s, $clipped),
			crossed => value($s, $crossed),
			more => value($s, $more),
			sorting => value($s, $sorting));
		$seen{console} = [map { $_->{params}{entry}{text} // $_->{params}{exceptionDetails}{text} // "?" }
			grep { $_->{method} =~ /^(Log\.entryAdded|Runtime\.(exceptionThrown|consoleAPICalled))$/ } @events];
		$seen{requests} = [grep { !/^(file|data):/ } map { $_->{params}{request}{url} }
			grep { $_->{method} eq "Network.requestWillBeSent" } @events];
		print JSON::PP->new->canonical->encode(\%seen), "\n";
		call(undef, "Target.closeTarget", targetId => $target);
	}
}
print $to_it encode_json({id => ++$id, method => "Browser.close", params => {}}), "\0";
waitpid $pid, 0;

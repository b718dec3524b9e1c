#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
#
# redzone.pl < objdump -d of an x86_64 program: every instruction that touches the
# stack, or takes an address, below the stack pointer of its moment, where an
# interrupt that arrives on the same stack would overwrite it.  Last line:
# "functions N, lost N": how many there were, and in how many of them the stack
# pointer could not be followed to the end (it came from another register).
#
# What is followed through each function, along its jumps: the depth of %rsp
# since entry, and that of %rbp where it was copied from %rsp or restored by pop.
use strict;
use warnings;

my ($functions, $lost) = (0, 0);
my ($name, @code, %at);

sub number { my $n = shift; return $n =~ s/^-// ? -hex $n : hex $n }

# An address below the stack pointer may be taken (the compiler moves that up)
# if the stack pointer gets there before anything else can happen.
sub covered
{
	my ($i, $sp, $address) = @_;
	return 1 if $code[$i][2] =~ /,%rsp$/;
	while (++$i < @code) {
		my ($where, $op, $arg) = @{$code[$i]};
		$sp -= 8 if $op =~ /^push/;
		$sp -= signed($1) if $op =~ /^sub/ && $arg =~ /^\$(-?0x[0-9a-f]+),%rsp$/;
		$sp += signed($1) if $op =~ /^add/ && $arg =~ /^\$(-?0x[0-9a-f]+),%rsp$/;
		return 1 if $sp <= $address;
		return 0 if $op =~ /^(j|call|ret|leave|pop)/;
	}
	return 0;
}

sub check
{
	return unless @code;
	$functions++;
	my (@seen, $blind);
	# index, depth of rsp (undef: lost), depth of rbp (undef: not a frame)
	my @work = ([0, 0, undef]);
	# What is only reached through a table is looked at without knowledge.
	my $next = 0;
	while (1) {
		if (!@work) {
			# Padding in front of what a jump leads to is not reached at all.
			$next++ while $next < @code && ($seen[$next] ||
				"@{$code[$next]}[1, 2]" =~ /^(nop|cs nop|data16|xchg %ax,%ax)/);
			last if $next >= @code;
			push @work, [$next, undef, undef];
		}
		my ($i, $sp, $bp) = @{pop @work};
		while ($i < @code && !$seen[$i]) {
			$seen[$i] = 1;
			my ($where, $op, $arg) = @{$code[$i]};
			my $bad;
			while ($arg =~ /(-?0x[0-9a-f]+)?\(%r(sp|bp)(,[^)]*)?\)/g) {
				my $disp = defined $1 ? number($1) : 0;
				if ($2 eq 'sp') {
					$bad = 1 if $disp < 0 && !($op =~ /^lea/ && $arg =~ /,%rsp$/);
				} elsif (defined $bp && defined $sp && $bp + $disp < $sp) {
					$bad = 1 unless $op =~ /^lea/ &&
						covered($i, $sp, $bp + $disp);
				}
			}
			print "$name: $where: $op $arg\n" if $bad;

			if ($op =~ /^push/) {
				$sp -= 8 if defined $sp;
			} elsif ($op =~ /^pop/) {
				$sp += 8 if defined $sp;
				$bp = undef if $arg eq '%rbp';
			} elsif ($op =~ /^sub/ && $arg =~ /^\$(-?0x[0-9a-f]+),%rsp$/) {
				$sp -= signed($1) if defined $sp;
			} elsif ($op =~ /^add/ && $arg =~ /^\$(-?0x[0-9a-f]+),%rsp$/) {
				$sp += signed($1) if defined $sp;
			} elsif ($op =~ /^mov/ && $arg eq '%rsp,%rbp') {
				$bp = $sp;
			} elsif ($op =~ /^mov/ && $arg eq '%rbp,%rsp') {
				$sp = $bp;
			} elsif ($op =~ /^lea/ && $arg =~ /^(-?0x[0-9a-f]+)?\(%r(sp|bp)\),%rsp$/) {
				my $base = $2 eq 'sp' ? $sp : $bp;
				$sp = defined $base ? $base + (defined $1 ? number($1) : 0) : undef;
			} elsif ($op =~ /^leave/) {
				$sp = defined $bp ? $bp + 8 : undef;
				$bp = undef;
			} elsif ($arg =~ /,%rsp$/ && $op !~ /^(cmp|test)/) {
				# Rounded down, or a size that is not constant: deeper than
				# known, which hides nothing that lies below the known depth.
				$sp = undef unless $op =~ /^(and|sub)/;
			} elsif ($arg =~ /,%[re]bp$/ && $op !~ /^(cmp|test)/) {
				$bp = undef;
			}
			$blind = 1 unless defined $sp;

			if ($op =~ /^j/) {
				if ($arg =~ /^(?:0x)?([0-9a-f]+) </ && exists $at{$1}) {
					push @work, [$at{$1}, $sp, $bp];
				}
				last if $op =~ /^jmp/;
			}
			last if $op =~ /^(ret|iret|ud2|hlt)/ && $op !~ /^hlt/;
			$i++;
		}
	}
	$lost++ if $blind;
	@code = ();
	%at = ();
}

sub signed
{
	# By its bits: as floating point, -128 of 64 bits would be 0.
	return unpack 'q', pack 'Q', number(shift);
}

while (<STDIN>) {
	if (/^[0-9a-f]+ <(.*)>:$/) {
		check();
		$name = $1;
	} elsif (/^\s*([0-9a-f]+):\s+(?:(?:rep|repz|lock|bnd|data16|notrack|cs|ds)\s+)*(\S+)\s*(.*?)\s*$/) {
		my ($where, $op, $arg) = ($1, $2, $3);
		$arg =~ s/\s*#.*//;
		$at{$where} = @code;
		push @code, [$where, $op, $arg];
	}
}
check();
print "functions $functions, lost $lost\n";

# SPDX-License-Identifier: BSD-2-Clause
# What is ours in what was built, in bytes; "-" of what was not.  Sourced.

# own_bytes MAP: code and constants of the daemon's objects in the linked file, without
# its C library and what unwinds them, from the linker's map.
own_bytes()
{
	[ -e "$1" ] || { echo -; return; }
	perl -0777 -ne '
		s/.*^Linker script and memory map$//ms;
		while (/^ \.(?:text|rodata)\S*\s+0x(\w+)\s+0x(\w+)\s+\S*\/pmm\/\S*\.o$/mg) {
			$n += hex $2 if hex $1; # at 0: dropped
		}
		print "$n\n"' "$1"
}

# code_bytes MODULE: its code
code_bytes()
{
	[ -e "$1" ] || { echo -; return; }
	size -A "$1" | awk '$1 ~ /^\.(init|exit)?\.?text/ { n += $2 } END { print n }'
}

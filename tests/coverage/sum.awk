# SPDX-License-Identifier: BSD-2-Clause
#
# awk -v out=FOLDER -f sum.awk FILES GCOV: how many lines of the files (named in FILES, one each
# line) some program runs, out of what gcov -t says of all programs, one after the other.

function percent(part, all) { return all ? sprintf("%5.1f", 100 * part / all) : "    -" }

FNR == NR {
	file[++files] = $1
	wanted[$1] = 1
	next
}
{
	first = index($0, ":")
	rest = substr($0, first + 1)
	second = index(rest, ":")
	count = substr($0, 1, first - 1)
	line = substr(rest, 1, second - 1) + 0
	text = substr(rest, second + 1)
}
line == 0 && text ~ /^Source:/ {
	source = substr(text, 8)
	sub(/^\.\//, "", source)
	next
}
!(source in wanted) || line == 0 { next }
{
	gsub(/[ *]/, "", count)
	if (line > last[source])
		last[source] = line
	shown[source, line] = text
	if (count == "-")
		next
	code[source, line] = 1
	if (count !~ /^[#=]/)
		ran[source, line] += count
}
END {
	for (i = 1; i <= files; i++) {
		f = file[i]
		n = m = 0
		name = f
		gsub("/", "-", name)
		for (l = 1; l <= last[f]; l++) {
			if ((f, l) in code) {
				n++
				if (ran[f, l])
					m++
				mark = ran[f, l] ? ran[f, l] : "#####"
			} else {
				mark = "-"
			}
			printf "%9s:%5d:%s\n", mark, l, shown[f, l] >(out "/" name)
		}
		printf "%-34s %5d of %5d lines %s %%\n", f, m, n, percent(m, n)
		group = f
		sub("/.*", "/", group)
		lines[group] += n
		covered[group] += m
	}
	for (group in lines)
		printf "%-34s %5d of %5d lines %s %%\n", "all of " group, covered[group],
			lines[group], percent(covered[group], lines[group])
}

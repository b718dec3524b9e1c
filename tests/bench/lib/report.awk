# SPDX-License-Identifier: BSD-2-Clause
# The table of a run, and scripts for gnuplot.  First file: targets; second: lines of
#   {"bench":B,"case":C,"who":W,"unit":U,"value":V,"R":ns,"memcpy":GB/s,"cpu":s,"run":i
#    [,"x":N,"xunit":U][,"dropped":why]}        one window
#   {"bench":B,"case":C,"who":W,"hist":"ns:count,..."}
# A window with "dropped" counts for nothing but its number.

function field(line, key,   at, rest) {
	at = index(line, "\"" key "\":")
	if (!at)
		return ""
	rest = substr(line, at + length(key) + 3)
	if (substr(rest, 1, 1) == "\"") {
		rest = substr(rest, 2)
		return substr(rest, 1, index(rest, "\"") - 1)
	}
	match(rest, /^[-+.eE0-9]+/)
	return substr(rest, 1, RLENGTH)
}

function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }

# Sorts tmp[1..n].
function sorted(n,   i, j, v) {
	for (i = 2; i <= n; i++) {
		v = tmp[i] + 0
		for (j = i - 1; j >= 1 && tmp[j] > v; j--)
			tmp[j + 1] = tmp[j]
		tmp[j + 1] = v
	}
}

function middle(n) { return n % 2 ? tmp[(n + 1) / 2] : (tmp[n / 2] + tmp[n / 2 + 1]) / 2 }

# Median, least and greatest of all runs of a key: into mid, low, high.  False: none.
function spread(key,   i, n, list) {
	n = 0
	for (i = 0; i <= last_run; i++)
		if ((key, i) in value)
			tmp[++n] = value[key, i]
	if (!n)
		return 0
	sorted(n)
	mid = middle(n)
	low = tmp[1]
	high = tmp[n]
	return n
}

function short(v) { return sprintf(v >= 1000 ? "%.0f" : v >= 100 ? "%.1f" : "%.3g", v) }

function shown(key) {
	if (!spread(key))
		return "-"
	return short(mid) " [" short(low) ".." short(high) "] " unit[key]
}

# WHO, CASE:WHO, with or without @X
function key_of(bench, name, term,   at) {
	at = index(term, ":")
	if (at) {
		name = substr(term, 1, at - 1)
		term = substr(term, at + 1)
	}
	return bench SUBSEP name SUBSEP term
}

# One term of a ratio in run i; R and memcpy are those of the other term's window.
function term_value(bench, name, term, i, beside,   part, n, k, sum, v) {
	n = split(term, part, "+")
	sum = 0
	for (k = 1; k <= n; k++) {
		if (part[k] == "R" || part[k] == "memcpy") {
			if (!((beside, i, part[k]) in probe))
				return ""
			v = probe[beside, i, part[k]]
		} else if (part[k] ~ /^[0-9.]+$/) {
			v = part[k]
		} else if ((key_of(bench, name, part[k]), i) in value) {
			v = value[key_of(bench, name, part[k]), i]
		} else {
			return ""
		}
		sum += v
	}
	return sum
}

function is_own(term) { return term != "R" && term != "memcpy" && term !~ /^[0-9.]+$/ }

function holds(v, bound,   n) {
	n = bound
	sub(/^[<>=]+[ \t]*/, "", n)
	if (bound ~ /^<=/) return v <= n + 0
	if (bound ~ /^>=/) return v >= n + 0
	if (bound ~ /^</) return v < n + 0
	if (bound ~ /^>/) return v > n + 0
	return v == n + 0
}

FNR == 1 { nr_file++ }
/^[ \t]*(#|$)/ { next }

nr_file == 1 {
	n = split($0, col, "|")
	if (n < 3) {
		print FILENAME ":" FNR ": not \"BENCH CASE | RATIO | BOUND | WHAT\"" >"/dev/stderr"
		exit 1
	}
	split(trim(col[1]), head, /[ \t]+/)
	nr_targets++
	t_bench[nr_targets] = head[1]
	t_case[nr_targets] = head[2]
	t_ratio[nr_targets] = trim(col[2])
	gsub(/[ \t]/, "", t_ratio[nr_targets])
	t_bound[nr_targets] = trim(col[3])
	t_what[nr_targets] = trim(col[4])
	next
}

{
	bench = field($0, "bench"); name = field($0, "case"); who = field($0, "who")
	seen_bench[bench] = 1
	if (field($0, "hist") != "") {
		hist[bench SUBSEP name, who] = field($0, "hist")
		hist_of[bench SUBSEP name] = hist_of[bench SUBSEP name] " " who
		next
	}
	x = field($0, "x")
	key = bench SUBSEP name SUBSEP who (x == "" ? "" : "@" x)
	if (field($0, "dropped") != "") {
		dropped[key]++
		all_dropped++
		next
	}
	run = field($0, "run") + 0
	if (run > last_run)
		last_run = run
	value[key, run] = field($0, "value") + 0
	unit[key] = field($0, "unit")
	probe[key, run, "R"] = field($0, "R") + 0
	if (field($0, "memcpy") != "")
		probe[key, run, "memcpy"] = field($0, "memcpy") + 0
	if (!((key) in cpu_n)) {
		order[++nr_keys] = key
	}
	cpu[key] += field($0, "cpu")
	cpu_n[key]++
	all_windows++
	if (x != "") {
		curve = bench SUBSEP name
		if (!((curve, who) in curve_who)) {
			curve_who[curve, who] = 1
			curve_of[curve] = curve_of[curve] " " who
		}
		points[curve, who] = points[curve, who] " " x
		x_unit[curve] = field($0, "xunit")
		y_unit[curve] = field($0, "unit")
	}
}

function judge(t,   part, n, a, b, i, m, va, vb, ratio, verdict, ka, kb, peer) {
	n = split(t_ratio[t], part, "/")
	a = part[1]
	b = n > 1 ? part[2] : "1"
	ka = key_of(t_bench[t], t_case[t], a)
	kb = key_of(t_bench[t], t_case[t], b)
	m = 0
	for (i = 0; i <= last_run; i++) {
		va = term_value(t_bench[t], t_case[t], a, i, is_own(b) ? kb : ka)
		vb = term_value(t_bench[t], t_case[t], b, i, ka)
		if (va != "" && vb != "" && vb > 0)
			tmp[++m] = va / vb
	}
	if (m) {
		sorted(m)
		ratio = middle(m)
		verdict = holds(ratio, t_bound[t]) ? "met" : "NOT MET"
		ratio = short(ratio) " [" short(tmp[1]) ".." short(tmp[m]) "]"
	} else {
		ratio = "-"
		verdict = "not measured"
	}
	count[verdict]++
	peer = !is_own(b) ? (b == "1" ? "" : b) : index(b, "+") ? b : shown(kb)
	printf "%-4s %-18s %-34s %-34s %-30s %-26s %-8s %-12s %s\n", t_bench[t], t_case[t], \
		is_own(a) ? shown(ka) : a, peer, t_ratio[t], ratio, t_bound[t], verdict, t_what[t]
}

function file_of(curve,   f) {
	f = curve
	gsub(/[^A-Za-z0-9]/, "_", f)
	return plot "/" f
}

function plot_head(curve, out,   f) {
	f = file_of(curve)
	split(curve, cp, SUBSEP)
	sub(/.*\//, "", f)
	print "set terminal svg size 900,450 background rgb 'white'\nset output '" f ".svg'" >out
	print "set title '" cp[1] " " cp[2] "' noenhanced\nset grid\nset key outside noenhanced" >out
}

function plot_curve(curve,   out, data, w, n, i, p, np, k, line, got) {
	out = file_of(curve) ".gp"
	plot_head(curve, out)
	print "set logscale x 2\nset xlabel '" x_unit[curve] "'\nset ylabel '" y_unit[curve] "'\nset yrange [0:*]" >out
	n = split(trim(curve_of[curve]), w, " ")
	line = ""
	for (i = 1; i <= n; i++) {
		data = file_of(curve) "_" i ".dat"
		np = split(trim(points[curve, w[i]]), p, " ")
		delete got
		for (k = 1; k <= np; k++)
			if (!(p[k] in got)) {
				got[p[k]] = 1
				if (spread(curve SUBSEP w[i] "@" p[k]))
					print p[k], mid, low, high >data
			}
		close(data)
		sub(/.*\//, "", data)
		line = line (line == "" ? "plot " : ", ") "'" data "' using 1:2:3:4 with yerrorlines title '" w[i] "'"
	}
	print line >out
	close(out)
}

function plot_hist(curve,   out, data, w, n, i, b, nb, k, kv, line) {
	out = file_of(curve SUBSEP "hist") ".gp"
	plot_head(curve SUBSEP "hist", out)
	print "set logscale xy\nset xlabel 'ns'\nset ylabel 'count'" >out
	n = split(trim(hist_of[curve]), w, " ")
	line = ""
	for (i = 1; i <= n; i++) {
		data = file_of(curve) "_hist_" i ".dat"
		nb = split(hist[curve, w[i]], b, ",")
		for (k = 1; k <= nb; k++) {
			split(b[k], kv, ":")
			print kv[1], kv[2] >data
		}
		close(data)
		sub(/.*\//, "", data)
		line = line (line == "" ? "plot " : ", ") "'" data "' with points pt 7 ps 0.4 title '" w[i] "'"
	}
	print line >out
	close(out)
}

END {
	print "median [least..greatest], each window against R and memcpy of its own minute; " all_windows + 0 " windows, " \
		all_dropped + 0 " dropped because the machine moved\n"
	for (k = 1; k <= nr_keys; k++) {
		key = order[k]
		split(key, kp, SUBSEP)
		if (kp[1] != heading) {
			heading = kp[1]
			printf "%-4s %-18s %-24s %-36s %10s %12s\n", heading, "", "", "", "R, ns", "CPU s/window"
		}
		spread(key)
		line = sprintf("%-4s %-18s %-24s %-36s", "", kp[2], kp[3], shown(key))
		n = 0
		for (i = 0; i <= last_run; i++)
			if ((key, i, "R") in probe)
				tmp[++n] = probe[key, i, "R"]
		sorted(n)
		printf "%s %10.0f %12.4f\n", line, middle(n), cpu[key] / cpu_n[key]
	}
	print ""
	printf "%-4s %-18s %-34s %-34s %-30s %-26s %-8s %-12s\n", "", "case", "figure", "peer", "ratio", "", "target", "verdict"
	for (t = 1; t <= nr_targets; t++)
		if (t_bench[t] in seen_bench)
			judge(t)
	printf "\n%d met, %d not met, %d not measured\n", count["met"], count["NOT MET"], count["not measured"]
	for (c in curve_of)
		plot_curve(c)
	for (c in hist_of)
		plot_hist(c)
}

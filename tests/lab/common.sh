# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the scripts of the laboratory: where things are, how to complain.

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$lab/../.." && pwd)
O=${O:-$top/build}
MIRROR=${MIRROR:-}
mkdir -p "$O"
O=$(cd "$O" && pwd)
cache=$O/cache
PATH=$PATH:/usr/sbin:/sbin
# The laboratory is root's; offload-pmm wants to be told.
export OFFLOAD_USER=${OFFLOAD_USER:-$(id -u)}

say() { echo "lab: $*" >&2; }

die()
{
	echo "lab: error: $*" >&2
	exit 1
}

# The Debian mirror: MIRROR=, or the one that this machine's apt uses.
mirror()
{
	local base=$MIRROR

	if [ -z "$base" ]; then
		base=$(apt-get indextargets --format '$(REPO_URI)' \
			'Created-By: Packages' 'Origin: Debian' \
			'Codename: bookworm' 2>/dev/null | head -n 1)
	fi
	[ -n "$base" ] ||
		die "apt knows no Debian mirror for bookworm; add one to its sources and run apt-get update, or set MIRROR=http://HOST/debian"
	echo "${base%/}"
}

# Its twin for security updates: MIRROR_SECURITY=, or this machine's; may be none.
security_mirror()
{
	local base=${MIRROR_SECURITY:-}

	if [ -z "$base$MIRROR" ]; then
		base=$(apt-get indextargets --format '$(REPO_URI)' \
			'Created-By: Packages' 'Origin: Debian' \
			'Codename: bookworm-security' 2>/dev/null | head -n 1)
	fi
	echo "${base%/}"
}

# One writer at a time: lock NAME.  Held until the script ends.
lock()
{
	mkdir -p "$O/lock"
	exec {lock_fd}>"$O/lock/$1"
	flock -w 1800 "$lock_fd" ||
		die "$O/lock/$1 is held by another build for 30 minutes"
}

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh ARCH CROSS TARBALL WORKDIR PREFIX: build and install picolibc.
#
# One version and one set of options for every architecture and for the native
# build: no start code, no semihosting; stdio on top of POSIX open, read, write,
# lseek and close, which the runtime provides; errno thread-local.  The code
# must be position independent (an image is linked at a high address) and must
# not use a red zone (interrupts arrive on the running stack).
set -eu

arch=$1 cross=$2 tarball=$3 work=$4 prefix=$5
here=$(cd "$(dirname "$0")" && pwd)

case $arch in
x86_64)  machine="-mno-red-zone" ;;
aarch64) machine="-mno-outline-atomics" ;;
*) echo "$0: unknown architecture $arch" >&2; exit 1 ;;
esac
for tool in meson ninja "${cross}gcc"; do
	command -v "$tool" >/dev/null || {
		echo "$0: $tool is missing; install meson, ninja-build and gcc" >&2
		exit 1
	}
done

rm -rf "$work" "$prefix"
mkdir -p "$work/src" "$prefix"
work=$(cd "$work" && pwd)
prefix=$(cd "$prefix" && pwd)
tar -xzf "$tarball" -C "$work/src" --strip-components=1

cflags="-Os -fPIE -ffreestanding -fno-stack-protector -fno-omit-frame-pointer"
cflags="$cflags -fno-asynchronous-unwind-tables -ffunction-sections"
cflags="$cflags -fdata-sections -fcf-protection=none $machine"
[ "$arch" = x86_64 ] || cflags=$(echo "$cflags" | sed 's/-fcf-protection=none//')
cflags="$cflags -ffile-prefix-map=$work/src=picolibc"
list=$(for f in $cflags; do printf "'%s', " "$f"; done)

sed -e "s|@CROSS@|$cross|g" -e "s|@ARCH@|$arch|g" -e "s|@CFLAGS@|$list|" \
	"$here/cross.txt.in" >"$work/cross.txt"

run()
{
	"$@" >>"$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		echo "$0: picolibc: '$1 $2' failed; the whole log is $work/log" >&2
		exit 1
	}
}
run meson setup "$work/build" "$work/src" --cross-file "$work/cross.txt" \
	--prefix "$prefix" --buildtype plain \
	-Dincludedir=include -Dlibdir=lib -Dspecsdir=none \
	-Dmultilib=false -Dpicocrt=false -Dpicocrt-lib=false -Dsemihost=false \
	-Dtests=false -Dtinystdio=true -Dposix-console=true -Dformat-default=double \
	-Dio-long-long=true -Dminimal-io-long-long=true -Dio-float-exact=true \
	-Dsingle-thread=true -Datomic-ungetc=false \
	-Dthread-local-storage=true -Dtls-model=local-exec \
	-Dnewlib-global-errno=false -Dassert-verbose=true
run ninja -C "$work/build" -j "${PICOLIBC_JOBS:-2}"
run ninja -C "$work/build" install
rm -rf "$work/src" "$work/build"

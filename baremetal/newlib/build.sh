#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh ARCH CROSS TARBALL WORKDIR PREFIX: build and install newlib.
#
# As picolibc is (../picolibc/build.sh): the same flags, one set of options for
# every architecture and for the native build.  No start code; no system calls
# of its own: it calls the runtime's read, write, sbrk ... by these names.
set -eu

arch=$1 cross=$2 tarball=$3 work=$4 prefix=$5

case $arch in
x86_64)  machine="-mno-red-zone -fcf-protection=none" ;;
aarch64) machine="-mno-outline-atomics" ;;
*) echo "$0: unknown architecture $arch" >&2; exit 1 ;;
esac
[ -r "$tarball" ] || {
	echo "$0: $tarball is missing; install the package newlib-source" >&2
	exit 1
}
command -v "${cross}gcc" >/dev/null || {
	echo "$0: ${cross}gcc is missing; install it" >&2
	exit 1
}

rm -rf "$work" "$prefix"
mkdir -p "$work/src" "$work/build" "$prefix"
work=$(cd "$work" && pwd)
prefix=$(cd "$prefix" && pwd)
tar -xJf "$tarball" -C "$work/src" --strip-components=1
# POSIX: what read() and write() return counts more than an int.
sed -i 's/^\(#define _READ_WRITE_RETURN_TYPE\) int$/\1 _ssize_t/' \
	"$work/src/newlib/libc/include/sys/config.h"
# ISO C: setjmp() never returns 0 through longjmp(); aarch64's does not.
sed -i 's/^  movq    rsi, rax .*/&\n  cmpl    $1, eax\n  adcl    $0, eax/' \
	"$work/src/newlib/libc/machine/x86_64/setjmp.S"

cflags="-Os -fPIE -ffreestanding -fno-stack-protector -fno-omit-frame-pointer"
cflags="$cflags -fno-asynchronous-unwind-tables -ffunction-sections"
cflags="$cflags -fdata-sections $machine -ffile-prefix-map=$work/src=newlib"
# Newlib's _init and _fini would be start code of a compiler's for this target.
cflags="$cflags -DMISSING_SYSCALL_NAMES -UHAVE_INIT_FINI -w"

run()
{
	"$@" >>"$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		echo "$0: newlib: '$1 $2' failed; the whole log is $work/log" >&2
		exit 1
	}
}
# Its makefiles must not see the variables of ours.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL O V B CC 2>/dev/null || :
cd "$work/build"
run "$work/src/newlib/configure" --host="$arch-elf" --prefix="$prefix" \
	--disable-multilib --disable-newlib-supplied-syscalls \
	--disable-newlib-multithread --disable-newlib-wide-orient \
	--enable-newlib-io-long-long --enable-newlib-io-c99-formats \
	--enable-newlib-long-time_t \
	CC="${cross}gcc" AR="${cross}ar" RANLIB="${cross}ranlib" AS="${cross}as" \
	CFLAGS="$cflags"
run make -j "${NEWLIB_JOBS:-2}"
run make install
# It installs under the target's name.
mv "$prefix/$arch-elf/include" "$prefix/$arch-elf/lib" "$prefix"
# On some processors it has system calls after all, each of which calls itself by way of
# _write_r() and the like: the runtime's are the only ones.
objects=$("${cross}ar" t "$prefix/lib/libc.a" | grep '^lib_a-sys' | grep -v '^lib_a-system\.o$') || :
[ -z "$objects" ] || run "${cross}ar" d "$prefix/lib/libc.a" $objects
# The compiler has one that knows its _Atomic; this one does not.
rm -f "$prefix/include/stdatomic.h"
rm -rf "$prefix/share" "$prefix/$arch-elf" "$work/src" "$work/build"

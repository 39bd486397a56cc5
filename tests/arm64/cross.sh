#!/bin/sh
# cross.sh ROOT: prints the meson cross file for the libraries that sysroot.sh has put into ROOT. The
# C and the C++ library are those of the cross compiler's own packages; clang's C++ library has the same headers
# on all machines. Rust's library in ROOT is for the distribution's compiler, whichever else is found first.
set -eu

cat <<END
[constants]
root = '$1'
libraries = root / 'usr/lib/aarch64-linux-gnu'
include = ['-isystem', root / 'usr/include']
link = ['-L' + libraries, '-Wl,-rpath-link,' + libraries]
llvm = ['-L' + root / 'usr/lib/llvm-14/lib', '-Wl,-rpath-link,' + libraries, '-Wno-unused-command-line-argument']
rust = ['/usr/bin/rustc', '--target', 'aarch64-unknown-linux-gnu', '-C', 'linker=aarch64-linux-gnu-gcc',
  '-L', root / 'usr/lib/rustlib/aarch64-unknown-linux-gnu/lib']
[binaries]
c = 'aarch64-linux-gnu-gcc'
cpp = 'aarch64-linux-gnu-g++'
ar = 'aarch64-linux-gnu-gcc-ar'
strip = 'aarch64-linux-gnu-strip'
objcopy = 'aarch64-linux-gnu-objcopy'
pkgconfig = 'pkg-config'
clang = ['clang', '--target=aarch64-linux-gnu']
clang++ = ['clang++', '--target=aarch64-linux-gnu'] + llvm
rustc = rust
/usr/bin/rustc = rust
[built-in options]
c_args = include
cpp_args = include
c_link_args = link
cpp_link_args = link
[properties]
sys_root = root
pkg_config_libdir = [libraries / 'pkgconfig', root / 'usr/lib/pkgconfig', root / 'usr/share/pkgconfig']
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END

#!/bin/sh
# sysroot.sh FOLDER: unpacks Debian's arm64 packages into FOLDER/root: the libraries that ttrace and its
# tests are built with, a kernel, and the programs that the tests need in a guest; and into FOLDER/guest
# the guest's own compilers, whose headers the cross compilers must not find. Neither dpkg nor apt of this
# machine notice: apt gets a state of its own in FOLDER/apt, and root is not needed. Does nothing
# when it was done before with the same lists of packages.
set -eu

folder=$(mkdir -p "$1" && cd "$1" && pwd)
root=$folder/root
lists='libseccomp-dev libfmt-dev libcli11-dev doctest-dev libexpected-dev libelf-dev libdw-dev
  liblzma-dev libre2-dev libzydis-dev libiberty-dev
  linux-image-cloud-arm64 bash dash coreutils grep sed gawk findutils util-linux mount procps iproute2 kmod
  python3 strace binutils dwz xz-utils libc-bin debianutils libc++-dev libc++abi-dev
  libisl23 libmpc3 tar gzip make sqlite3'
# What Rust programs are built with, without the whole compiler that the package depends on.
alone='libstd-rust-dev'
# The guest's; what they depend on besides is in the list above.
compilers='gcc gcc-12 cpp-12 libgcc-12-dev libc6-dev linux-libc-dev musl musl-dev musl-tools'
# What the cross compiler has itself, or a guest does not need: depended on, but not unpacked.
left_out='libcrypt-dev libnsl-dev libtirpc-dev libc-dev-bin rpcsvc-proto
  initramfs-tools initramfs-tools-core linux-base perl-modules-5.36 klibc-utils libklibc udev
  systemd passwd media-types dpkg base-files'

all=$lists$left_out$alone$compilers
if [ -e "$folder/done" ] && [ "$(cat "$folder/done")" = "$all" ]; then
  exit 0
fi
rm -rf "$root" "$folder/guest" "$folder/done"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$root/usr/lib" "$root/usr/bin" \
  "$root/usr/sbin" "$folder/guest/usr/lib" "$folder/guest/usr/bin" "$folder/guest/usr/sbin"
for name in lib bin sbin; do # as on a system whose /usr is merged: old paths land there, too
  ln -s "usr/$name" "$root/$name"
  ln -s "usr/$name" "$folder/guest/$name"
done
: >"$folder/apt/status"

own_apt() {
  apt-get -oAPT::Architecture=arm64 -oAPT::Architectures=arm64 -oDir::State="$folder/apt" \
    -oDir::State::lists="$folder/apt/lists" -oDir::State::status="$folder/apt/status" \
    -oDir::Cache="$folder/apt/cache" -oAPT::Sandbox::User= -oAPT::Install-Recommends=false \
    -oDebug::NoLocking=true -oDPkg::Use-Pty=0 "$@"
}
# An update may fail in part and still bring what is needed.
own_apt -qq update </dev/null >&2 || :
# shellcheck disable=SC2086 # lists of packages
{
  own_apt -qq -y --download-only install $lists </dev/null >&2
  (cd "$folder/apt/cache/archives" && own_apt -qq download $alone $compilers </dev/null >&2)
  own_apt -qq autoclean </dev/null >&2 # versions that were replaced since
}

# has NAME LIST...
has() {
  name=$1
  shift
  for each; do
    [ "$each" != "$name" ] || return 0
  done
  return 1
}

for package in "$folder"/apt/cache/archives/*.deb; do
  name=$(basename "$package")
  name=${name%%_*}
  # shellcheck disable=SC2086
  if has "$name" $compilers; then
    to=$folder/guest
  elif has "$name" $left_out; then
    continue
  else
    to=$root
  fi
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$to" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc' \
      --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/info'
done
# Links for the linker to absolute paths would lead to this machine's own libraries.
find "$root/usr/lib/aarch64-linux-gnu" -maxdepth 1 -type l -lname '/*' | while read -r link; do
  ln -sfn "$(basename "$(readlink "$link")")" "$link"
done
# Debian's alternatives are made at installation.
ln -sf dash "$root/usr/bin/sh"
ln -sf gawk "$root/usr/bin/awk"
printf '%s' "$all" >"$folder/done"

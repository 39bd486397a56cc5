#!/bin/sh
# sysroot.sh FOLDER: unpacks Debian's arm64 packages into FOLDER/root: the libraries that ttrace is
# built with, a kernel, and the programs that the tests need in a guest. Neither dpkg nor apt of this
# machine notice: apt gets a state of its own in FOLDER/apt, and root is not needed. Does nothing
# when it was done before with the same lists of packages.
set -eu

folder=$1
root=$folder/root
lists='libseccomp-dev libfmt-dev libcli11-dev doctest-dev libexpected-dev libelf-dev libdw-dev
  liblzma-dev libre2-dev libzydis-dev libiberty-dev
  linux-image-cloud-arm64 bash dash coreutils grep sed gawk findutils util-linux mount procps iproute2 kmod
  python3 strace binutils xz-utils libc-bin debianutils'
# What the cross compiler has itself, or a guest does not need: depended on, but not unpacked.
left_out='libc6-dev linux-libc-dev libcrypt-dev libnsl-dev libtirpc-dev libc-dev-bin rpcsvc-proto
  initramfs-tools initramfs-tools-core linux-base perl-base perl-modules-5.36 klibc-utils libklibc udev
  systemd passwd media-types dpkg tar base-files'

if [ -e "$folder/done" ] && [ "$(cat "$folder/done")" = "$lists$left_out" ]; then
  exit 0
fi
rm -rf "$root" "$folder/done"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$root/usr/lib" "$root/usr/bin" \
  "$root/usr/sbin"
for name in lib bin sbin; do
  ln -s "usr/$name" "$root/$name" # as on a system whose /usr is merged: old paths land there, too
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
# shellcheck disable=SC2086 # a list of packages
own_apt -qq -y --download-only install $lists </dev/null >&2

for package in "$folder"/apt/cache/archives/*.deb; do
  name=$(basename "$package")
  case " $(printf '%s' "$left_out" | tr '\n' ' ') " in
    *" ${name%%_*} "*) continue ;;
  esac
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$root" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc' \
      --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/info'
done
# Links for the linker to absolute paths would lead to this machine's own libraries.
find "$root/usr/lib/aarch64-linux-gnu" -maxdepth 1 -type l -lname '/*' | while read -r link; do
  ln -sfn "$(basename "$(readlink "$link")")" "$link"
done
# Debian's alternatives are made at installation.
ln -sf dash "$root/usr/bin/sh"
ln -sf gawk "$root/usr/bin/awk"
printf '%s' "$lists$left_out" >"$folder/done"

#!/bin/sh
# Proves that a machine with nothing but Debian 12 and git can build, run and test this repository:
# makes such a root in a temporary folder, clones the repository into it, and runs there
# `./dev run -f -e openat ls` and then `./dev test`. Removes the folder whatever happens.
#
# Needs root and debootstrap. MIRROR chooses where the packages come from; without it, debootstrap's
# own choice.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
mirror=${MIRROR-}
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: needs debootstrap" >&2; exit 1; }

root=$(mktemp -d "${TMPDIR:-/tmp}/ttrace-root.XXXXXX")
chmod 755 "$root" # as a "/" is: its other users look into it, too
clean() {
  trap - EXIT
  for mount in dev/pts dev/shm dev sys proc; do
    ! mountpoint -q "$root/$mount" || umount "$root/$mount" || umount -l "$root/$mount"
  done
  # Never remove through a mount that is still there.
  rm -rf --one-file-system "$root"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# shellcheck disable=SC2086 # may be nothing
debootstrap --variant=minbase --include=git bookworm "$root" $mirror
# This machine's way to the network, for apt.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
while read -r name major minor; do
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done <<NODES
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

git clone -q --no-hardlinks "$repository" "$root/root/ttrace"

# Nothing of this machine's environment either.
inside() {
  env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    chroot "$root" sh -c "cd /root/ttrace && $1" </dev/null
}

inside './dev run -f -e openat ls'
# Once built, it says nothing but what the program says.
inside './dev run -f -e openat ls 2>&1 >/tmp/out | tee /tmp/err && ! grep -v "^openat(\|^+++ " /tmp/err'
inside './dev test'

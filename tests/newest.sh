#!/bin/sh
# newest.sh DIR strace|go|delve [ARCHITECTURE]: fetches the newest Debian build (suite sid) of a program into DIR,
# with what it needs to run, and prints the path of a command that runs it. What is in DIR already is not
# fetched again. Touches nothing else. Fails where that cannot be had: no apt-get, no network; for
# strace and delve, another architecture than amd64 and arm64. It is this machine's unless one is named; what is
# for another is not tried out.
set -eu

dir=$(mkdir -p "$1" && cd "$1" && pwd)
what=$2
case $what in
  strace | go | delve) ;;
  *)
    echo "newest.sh: strace, go or delve, not '$what'" >&2
    exit 2
    ;;
esac
run=$dir/bin/$what
if [ -x "$run" ]; then
  echo "$run"
  exit 0
fi
here=$(dpkg --print-architecture)
architecture=${3-$here}
case $architecture in
  amd64) triplet=x86_64-linux-gnu loader=usr/lib64/ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=usr/lib/ld-linux-aarch64.so.1 ;;
  *) [ "$what" = go ] ;;
esac

# Two at a time would unpack into each other. Without flock there is nobody who runs two.
if command -v flock >/dev/null && [ "${NEWEST_LOCKED-}" != 1 ]; then
  NEWEST_LOCKED=1 exec flock "$dir/lock" sh "$0" "$@"
fi

mirror=$({ cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || :; } |
  sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\/\{0,1\}\) .*/\2/p' |
  grep -v security | head -n 1)
mkdir -p "$dir/bin" "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/packages"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} sid main" >"$dir/sources.list"
apt() {
  tool=$1
  shift
  "$tool" -qq -o Dir::State::Lists="$dir/lists" -o Dir::Etc::SourceList="$dir/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
    -o Acquire::http::Timeout=30 -o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$architecture" \
    -o APT::Architectures="$architecture" "$@"
}
apt apt-get update >&2

# unpack PACKAGE...: each into DIR/root.
unpack() {
  rm -f "$dir/packages"/*.deb
  (cd "$dir/packages" && apt apt-get download "$@" >&2)
  for deb in "$dir/packages"/*.deb; do
    dpkg -x "$deb" "$dir/root"
    rm -f "$deb"
  done
}

# with_its_libraries PROGRAM: what runs it with the C library that it was built for.
with_its_libraries() {
  cat <<END
#!/bin/sh
exec "$dir/root/$loader" --argv0 "$1" \
  --library-path "$dir/root/usr/lib/$triplet" "$dir/root/usr/bin/$1" "\$@"
END
}

# The command is there once everything that it needs is.
new=$run.new
case $what in
  strace)
    unpack strace libc6 libunwind8 liblzma5 libgcc-s1
    with_its_libraries strace >"$new"
    check=-V
    ;;
  delve)
    unpack delve libc6
    with_its_libraries dlv >"$new"
    check=version
    ;;
  go)
    package=$(apt apt-cache depends golang-go | sed -n 's/.*Depends: \(golang-[0-9.]*-go\)$/\1/p' | head -n 1)
    [ -n "$package" ]
    unpack "$package" "${package%-go}-src"
    version=${package%-go}
    root=$dir/root/usr/lib/go-${version#golang-}
    cat >"$new" <<END
#!/bin/sh
GOROOT="$root" GOTOOLCHAIN=local exec "$root/bin/go" "\$@"
END
    check=version
    ;;
esac
chmod +x "$new"
[ "$architecture" != "$here" ] || "$new" "$check" >&2
mv "$new" "$run"
echo "$run"

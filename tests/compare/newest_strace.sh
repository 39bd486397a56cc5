#!/bin/sh
# newest_strace.sh DIR: fetches the newest Debian build of strace into DIR, with the C library that it
# needs, and prints the path of a command that runs it. Touches nothing else. Fails where that cannot
# be had: no apt-get, no network, another machine than x86-64.
set -eu

dir=$(mkdir -p "$1" && cd "$1" && pwd)
run=$dir/strace
if [ -x "$run" ]; then
  echo "$run"
  exit 0
fi
[ "$(dpkg --print-architecture)" = amd64 ]
mirror=$({ cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || :; } |
  sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\/\{0,1\}\) .*/\2/p' |
  grep -v security | head -n 1)
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/packages"

echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} sid main" >"$dir/sources.list"
apt() {
  apt-get -qq -o Dir::State::Lists="$dir/lists" -o Dir::Etc::SourceList="$dir/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@" >&2
}
apt update
cd "$dir/packages"
apt download strace libc6 libunwind8 liblzma5 libgcc-s1
for package in *.deb; do
  dpkg -x "$package" "$dir/root"
done
cat >"$run" <<END
#!/bin/sh
exec "$dir/root/usr/lib64/ld-linux-x86-64.so.2" --argv0 strace \
  --library-path "$dir/root/usr/lib/x86_64-linux-gnu" "$dir/root/usr/bin/strace" "\$@"
END
chmod +x "$run"
"$run" -V >&2
echo "$run"

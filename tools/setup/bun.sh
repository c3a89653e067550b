# Bun at the exact version of package.json, from npm, checked against bun-packages.txt.
# Sourced by setup.sh, which defines `say`, `here` and `version`.

bun_is_there() { [ -x ".cache/bun-$version/bun" ]; }

# The platform package itself, not the `bun` package: that one is a shim and needs an install script.
install_bun() {
  command -v npm >/dev/null 2>&1 || { say "install bun: there is no npm; install Node.js with npm"; exit 1; }
  machine=$(bun_machine)
  line=$(awk -v m="$machine" -v v="$version" '$1 == m && $3 == v' "$here/bun-packages.txt")
  [ -n "$line" ] || { say "install bun $version: $here/bun-packages.txt has none for $machine"; exit 1; }
  # shellcheck disable=SC2086
  set -- $line
  say "installing bun $version"
  unpack=.cache/bun-$version.tmp
  rm -rf "$unpack"
  mkdir -p "$unpack"
  npm pack --silent --pack-destination "$unpack" "$2@$3" >/dev/null
  echo "$4  $(ls "$unpack"/*.tgz)" | sha512sum --check --status || {
    say "install bun $version: the package is not the one that $here/bun-packages.txt names"
    exit 1
  }
  tar -xzf "$unpack"/*.tgz -C "$unpack" --strip-components=2 package/bin/bun
  rm -f "$unpack"/*.tgz
  chmod 755 "$unpack/bun"
  rm -rf ".cache/bun-$version"
  mv "$unpack" ".cache/bun-$version"
}

# A processor without AVX2 needs the baseline build.
bun_machine() {
  machine=$(uname -m)
  if [ "$machine" = x86_64 ] && ! grep -q -m1 -w avx2 /proc/cpuinfo; then machine=x86_64-baseline; fi
  echo "$machine"
}

# Go and the official Kubernetes client for it, from Debian's testing suite, for the tests that
# build a client. Sourced by setup.sh, which defines `say`, after private-apt.sh.
#
# Out: .cache/go/usr/, unpacked, never installed: the toolchain below lib/go-1.26, sources of packages
# below share/gocode. Costs some 160 MB of download.

go_version=1.26
go_home=.cache/go

# Silent where there is no apt-get: the tests that need it skip themselves.
go_is_there() {
  command -v apt-get >/dev/null 2>&1 || return 0
  [ -x "$go_home/usr/lib/go-$go_version/bin/go" ]
}

download_go() {
  mkdir -p .cache
  apt_log=$(mktemp)
  state=$(mktemp -d .cache/apt.XXXXXX)
  state=$(cd "$state" && pwd)
  private_apt "$state"
  say "downloading Go $go_version and its Kubernetes client"
  unpack_go || say "Go could not be downloaded: $(tail -n 1 "$apt_log")"
  rm -rf "$state" "$apt_log"
}

unpack_go() {
  export APT_CONFIG="$state/apt.conf"
  apt-get update -q >"$apt_log" 2>&1 || true
  mkdir -p "$state/root" "$state/packages"
  packages=$(apt-get -s install --no-install-recommends -t testing \
    "golang-$go_version-go" golang-k8s-client-go-dev 2>"$apt_log" |
    awk '/^Inst golang-/ { print $2 }' | grep -v -x -e golang-go -e golang-src -e golang-any |
    grep -v -e '^golang-1\.' && echo "golang-$go_version-go golang-$go_version-src") || return 1
  (cd "$state/packages" && apt-get download -q $packages >"$apt_log" 2>&1) || return 1
  unset APT_CONFIG
  for package in "$state"/packages/*.deb; do dpkg-deb -x "$package" "$state/root" || return 1; done
  rm -rf "$go_home"
  mv "$state/root" "$go_home"
}

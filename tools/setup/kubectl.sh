# Programs that speak to a Kubernetes API, from Debian: kubectl of its release 12 and of its testing
# suite. Sourced by setup.sh, which defines `say`, after private-apt.sh.
#
# Out: .cache/kubectl/bookworm/ and .cache/kubectl/testing/, unpacked, never installed. apt keeps
# lists and downloads in .cache while this runs.

kubectls=.cache/kubectl

# Silent where there is no apt-get: the tests that need them skip themselves.
kubectl_is_there() {
  command -v apt-get >/dev/null 2>&1 || return 0
  [ -x "$kubectls/bookworm/usr/bin/kubectl" ] && [ -x "$kubectls/testing/usr/bin/kubectl" ]
}

download_kubectl() {
  mkdir -p "$kubectls"
  apt_log=$(mktemp)
  state=$(mktemp -d "$kubectls/apt.XXXXXX")
  state=$(cd "$state" && pwd)
  private_apt "$state"
  say "downloading kubectl of Debian 12 and of Debian testing"
  APT_CONFIG=$state/apt.conf apt-get update -q >"$apt_log" 2>&1 || true
  unpack_kubectl bookworm kubernetes-client
  unpack_kubectl testing kubectl
  rm -rf "$state" "$apt_log"
}

# $1: the suite. $2: its package. What cannot be had is named; set-up goes on.
unpack_kubectl() {
  [ ! -x "$kubectls/$1/usr/bin/kubectl" ] || return 0
  mkdir -p "$state/$1"
  (cd "$state/$1" && APT_CONFIG=$state/apt.conf apt-get download -q "$2/$1" >"$apt_log" 2>&1) &&
    dpkg-deb -x "$state/$1/$2"_*.deb "$state/$1/root" &&
    rm -rf "${kubectls:?}/$1" && mv "$state/$1/root" "$kubectls/$1" || {
    grep '^E:' "$apt_log" >&2 || true
    say "apt-get could not download $2 of $1"
  }
}

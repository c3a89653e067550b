# Programs that speak to a Kubernetes API, from Debian: kubectl of its release 12 and of its testing
# suite. Sourced by setup.sh, which defines `say`.
#
# Out: .cache/kubectl/bookworm/ and .cache/kubectl/testing/, unpacked, never installed. apt keeps
# lists and downloads in .cache while this runs; what the machine's own apt has stays as it is.

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

# $1: an empty directory, which becomes all that apt knows. The mirror is the one of the machine.
private_apt() {
  mkdir -p "$1/lists/partial" "$1/archives/partial"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 2>/dev/null | head -n 1)
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  for suite in bookworm testing; do
    echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main"
  done >"$1/sources.list"
  cat >"$1/apt.conf" <<EOF
Dir::State "$1";
Dir::State::Lists "$1/lists";
Dir::State::status "/dev/null";
Dir::Cache "$1";
Dir::Cache::Archives "$1/archives";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
EOF
}

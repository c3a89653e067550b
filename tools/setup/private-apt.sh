# An apt that knows nothing of the machine's own, for packages of other suites that are unpacked and
# never installed. Sourced by setup.sh. In: the mirror that the machine uses. Out: apt.conf in a
# directory; whoever names it in APT_CONFIG changes nothing outside of that directory.

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

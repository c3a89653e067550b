#!/bin/sh
# Makes this directory ready to build and test: Debian packages, kubectl, Bun, npm packages. POSIX sh.
#
# In: package lists beside this file, package.json, bun.lock. Out: what is missing gets installed,
# one line per real step on stderr; silent when there is nothing to do. `setup.sh bench` also
# installs the peers that the benchmarks measure, `setup.sh vm` what makes a virtual machine,
# `setup.sh go` downloads Go and its Kubernetes client.
# Never starts a service, never removes a package, never changes bun.lock.
set -eu
cd "$(dirname -- "$0")/../.."
here=tools/setup
. "$here/debian.sh"
. "$here/private-apt.sh"
. "$here/kubectl.sh"
. "$here/go.sh"
. "$here/bun.sh"
. "$here/npm-packages.sh"
. "$here/client-node.sh"

version=$(sed -n 's/.*"packageManager": *"bun@\([^"+]*\)".*/\1/p' package.json)

say() { echo "set-up: $*" >&2; }

# One at a time: two terminals may start this together.
lock() {
  command -v flock >/dev/null 2>&1 || return 0
  mkdir -p .cache
  exec 9>.cache/setup.lock
  flock -n 9 || { say "waiting for another set-up of this directory"; flock 9; }
}

lists=$here/debian-packages.txt
further="$here/debian-packages-${1:-}.txt"
[ ! -f "$further" ] || lists="$lists $further"

missing="$(missing_debian_packages $lists)$(missing_debian_archives $here/debian-archives.txt)"
if [ -n "$missing" ] || ! kubectl_is_there || ! bun_is_there || ! npm_packages_are_there ||
  ! client_node_is_there || { [ "${1:-}" = go ] && ! go_is_there; }; then
  lock
  install_debian_packages "$(missing_debian_packages $lists)"
  download_debian_archives "$(missing_debian_archives $here/debian-archives.txt)"
  kubectl_is_there || download_kubectl
  bun_is_there || install_bun
  npm_packages_are_there || install_npm_packages
  client_node_is_there || install_client_node
  [ "${1:-}" != go ] || go_is_there || download_go
fi

# Debian packages by name. Sourced by setup.sh, which defines `say`.
#
# Never starts a service that a package brings (docker-registry): a machine keeps running what it ran.

# What the lists name and dpkg does not have, on one line. Empty where there is no dpkg: see below.
missing_debian_packages() {
  wanted=$(sed 's/#.*//' "$@")
  command -v dpkg-query >/dev/null 2>&1 || { echo $wanted; return; }
  # shellcheck disable=SC2086
  dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    awk -v wanted="$(echo $wanted)" '
      $2 == "installed" { have[$1] = 1 }
      END { n = split(wanted, name, " "); for (i = 1; i <= n; i++) if (!have[name[i]]) { printf "%s%s", sep, name[i]; sep = " " } }'
}

# $1: names on one line, maybe none. What cannot be installed is named once; set-up goes on.
install_debian_packages() {
  [ -n "$1" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    say "this machine has no apt-get; install by hand: $1"
  elif [ "$(id -u)" != 0 ]; then
    say "not root; missing Debian packages, install them with: apt-get install $1"
  else
    say "installing Debian packages: $1"
    without_services install_with_apt "$1"
    case " $1 " in *" docker-registry "*) keep_registry_off ;; esac
  fi
}

install_with_apt() {
  have_package_lists || update_package_lists
  apt_install "$1" && return
  update_package_lists # they may be older than the archive
  apt_install "$1" && return
  for name in $1; do # one bad name must not keep the others away
    apt_install "$name" || { grep '^E:' "$apt_log" >&2 || true; say "apt-get could not install $name"; }
  done
}

apt_install() {
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=120 $1 >"$apt_log" 2>&1
}

have_package_lists() { ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; }

update_package_lists() {
  say "updating the lists of Debian packages"
  apt-get update -q -o DPkg::Lock::Timeout=120 >"$apt_log" 2>&1 || tail -n 5 "$apt_log" >&2
}

archives=.cache/debian

# What the list names and the cache does not have, on one line. Empty where there is no apt-get: the
# tests that need them skip themselves.
missing_debian_archives() {
  command -v apt-get >/dev/null 2>&1 || return 0
  for name in $(sed 's/#.*//' "$1"); do
    ls "$archives/${name}"_*.deb >/dev/null 2>&1 || printf '%s ' "$name"
  done
}

# $1: names on one line, maybe none. Each is downloaded beside the cache and takes its place whole.
download_debian_archives() {
  [ -n "$1" ] || return 0
  say "downloading Debian packages: $1"
  mkdir -p "$archives"
  apt_log=$(mktemp)
  beside=$(mktemp -d "$archives/new.XXXXXX")
  have_package_lists || update_package_lists
  for name in $1; do
    download_with_apt "$name" || { update_package_lists; download_with_apt "$name"; } || {
      grep '^E:' "$apt_log" >&2 || true
      say "apt-get could not download $name"
    }
  done
  rm -rf "$beside" "$apt_log"
}

# As root apt-get tries to become another user, who may not write here: it says so and goes on.
download_with_apt() {
  (cd "$beside" && apt-get download -q "$1" >"$apt_log" 2>&1) && mv "$beside/$1"_*.deb "$archives/"
}

policy=/usr/sbin/policy-rc.d
policy_mark="# written by the set-up of rktnetes, removed when it ends"

# Runs "$@" while Debian's own switch says that no service may be started. A switch that is there stays.
without_services() {
  apt_log=$(mktemp)
  if [ ! -e "$policy" ] || grep -q "$policy_mark" "$policy"; then
    trap 'rm -f "$policy" "$apt_log"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy"
    chmod 755 "$policy"
  else
    trap 'rm -f "$apt_log"' EXIT
  fi
  "$@"
  [ ! -e "$policy" ] || ! grep -q "$policy_mark" "$policy" || rm -f "$policy"
  rm -f "$apt_log"
  trap - EXIT INT TERM
}

# The tests start their own registry. The service that came with the package must not come up at boot.
keep_registry_off() {
  if [ -d /run/systemd/system ]; then
    systemctl --quiet disable --now docker-registry.service >/dev/null 2>&1 || true
  elif command -v deb-systemd-helper >/dev/null 2>&1; then
    deb-systemd-helper disable docker-registry.service >/dev/null 2>&1 || true
  fi
  if command -v update-rc.d >/dev/null 2>&1; then
    update-rc.d docker-registry disable >/dev/null 2>&1 || true
  fi
}

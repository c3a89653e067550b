#!/bin/sh
# A whole stage1, to prove that stage0 needs nothing of one but the contract. Its working directory is the pod's.
set -eu
status=stage1/rootfs/rkt/status
case ${0##*/} in
run)
  echo $$ >pid
  printf '%s\n' "$0" "$@" >arguments
  [ -e "/proc/$$/fd/$RKT_LOCK_FD" ] || exit 90
  for root in stage1/rootfs/opt/stage2/*/rootfs; do
    app=${root%/rootfs}
    : >"$status/${app##*/}-started"
    cat "$root/greeting" "$root/lower" >"seen-${app##*/}"
    echo changed >"$root/greeting"
  done
  cat /proc/self/mountinfo >mountinfo
  ln -s ready stage1/rootfs/rkt/supervisor-status
  # A test that wants to look at a running pod holds the other end of this pipe.
  if [ -n "${STAGE1_WAIT:-}" ]; then read -r _ <"$STAGE1_WAIT" || true; fi
  for root in stage1/rootfs/opt/stage2/*/rootfs; do
    app=${root%/rootfs}
    printf 7 >"$status/${app##*/}"
  done
  : >torn-down
  exit 7
  ;;
stop)
  printf '%s\n' "$@" >stopped
  ;;
gc)
  [ ! -e refuse-gc ] || exit 1
  printf 'given back %s\n' "$*" >>"$STAGE1_GC_LOG"
  ;;
enter)
  printf '%s\n' "$@"
  pwd
  exit 5
  ;;
esac

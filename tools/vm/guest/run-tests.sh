#!/bin/sh
# Runs inside of the guest, in the project's directory, with the arguments of `bun test` in
# .test-arguments, one per line. Prints what a reader of the results wants to know of the guest first.
set -eu
echo "guest: Linux $(uname -r), $(systemctl --version | sed -n 1p), cgroup $(stat -fc %T /sys/fs/cgroup)"
xargs -d '\n' -a .test-arguments sh tools/bun test

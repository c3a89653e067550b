#!/bin/sh
# Makes of the freshly unpacked root file system "$1" a guest that boots straight into the tests.
set -eu
root=$1
here=$(dirname -- "$0")
echo guest >"$root/etc/hostname"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id" # a first boot would be longer
echo "/dev/vdb /project ext4 defaults 0 0" >"$root/etc/fstab"
mkdir -p "$root/project"
cp "$here/rktnetes-tests.service" "$root/etc/systemd/system/"
chroot "$root" systemctl enable --quiet rktnetes-tests.service
# Nothing else may run while tests look at what is left on the machine.
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer docker-registry.service \
  getty@tty1.service serial-getty@ttyS0.service systemd-networkd-wait-online.service systemd-timesyncd.service

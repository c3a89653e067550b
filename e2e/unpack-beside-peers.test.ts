/**
 * A layer with all that archives can hold, made by GNU tar: the tree that we unpack is the one that
 * GNU tar and umoci unpack, down to the last attribute.
 */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { imageOf, sha256 } from "./fixtures/hostile/image.ts";
import { writeLayout } from "./fixtures/oci.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PROGRAMS = { setcap: "libcap2-bin", umoci: "umoci", tar: "tar" };

/** Long names, odd names, links, nodes, holes, attributes, owners, times to the nanosecond. */
const TREE = `
mkdir -p "$0/dir/sub" "$0/sticky" "$0/$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))"
cd "$0"
echo text >file; ln file dir/hard; ln file "$(printf 'l%.0s' $(seq 150))"
ln -s ../file dir/sub/link; ln -s "$(printf 't%.0s' $(seq 200))" dangling; ln -s / root
echo long >"$(printf 'd%.0s' $(seq 120))/$(printf 'e%.0s' $(seq 120))/$(printf 'f%.0s' $(seq 120))"
printf x >"$(printf 'bad\\377utf8')"; printf x >größe; printf x >"a b=c%d"
printf x >"$(printf 'new\\nline')"
mkfifo pipe; mknod null c 1 3; mknod disk b 8 1; mknod large c 500 70000
truncate -s 5M holes; printf middle | dd of=holes bs=1 seek=2097152 conv=notrunc status=none
printf end >>holes; truncate -s 1M only-hole; : >empty
cp /bin/busybox capable; setcap cap_net_raw,cap_net_admin+ep capable
chmod 4755 capable; setcap cap_net_raw+ep capable
chmod 1777 sticky; chmod 2750 dir; chown 1000:100 dir/sub; chown 3000000:4000000000 empty
chmod 000 file; touch -d '2001-02-03 04:05:06.123456789' file; touch -d '1960-01-01' empty
touch -h -d '2011-11-11' dangling; touch -d '2002-02-02 02:02:02.5' dir/sub dir . sticky
`;

/** Everything of a tree, as bytes: what GNU tar would write of it. */
const DIGEST = `
cd "$0"; tar --create --sort=name --format=posix --xattrs --xattrs-include='*' --numeric-owner \
  --pax-option='exthdr.name=%d/p/%f,delete=atime,delete=ctime' . | sha256sum`;
const LIST = `cd "$0"; find . -printf '%P|%y|%m|%U:%G|%s|%T@|%l|%n\\n' | LC_ALL=C sort`;
const BLOCKS = `cd "$0"; du --block-size=1K holes only-hole`;

const FORMATS = [
  ["posix", "--format=posix --xattrs --xattrs-include=*"],
  ["posix with sparse files 1.0", "--format=posix --xattrs --xattrs-include=* --sparse"],
  ["posix, sparse 0.1", "--format=posix --xattrs --xattrs-include=* --sparse --sparse-version=0.1"],
  ["posix, sparse 0.0", "--format=posix --xattrs --xattrs-include=* --sparse --sparse-version=0.0"],
  ["gnu with sparse files", "--format=gnu --sparse"],
] as const;

feature("an unpacked layer", { programs: PROGRAMS }, (world) => {
  const inside = (script: string, ...argv: string[]): Promise<string> =>
    world()
      .machine.run(["sh", "-euc", script, ...argv])
      .then(succeeded);

  beforeAll(async () => {
    await inside(TREE, join(world().directory, "tree"));
  });

  for (const [name, flags] of FORMATS) {
    test(`is what GNU tar and umoci make of the archive: ${name}`, async () => {
      const at = (path: string): string => join(world().directory, name.replaceAll(" ", "-"), path);
      const [archive, peer, bundle] = [at("layer.tar"), at("tar"), at("bundle")];
      await inside(
        `mkdir -p "$1" "$2"; tar --create -f "$3" ${flags} -C "$0" .`,
        ...[join(world().directory, "tree"), peer, at("x"), archive],
      );
      const xattrs = flags.includes("--xattrs") ? "--xattrs --xattrs-include='*'" : "";
      await inside(`tar --extract -p --numeric-owner ${xattrs} -f "$0" -C "$1"`, archive, peer);
      const bytes = readFileSync(archive);
      const layout = writeLayout(
        at("layout"),
        imageOf(gzipSync(bytes, { level: 1 }), sha256(bytes)),
      );
      const data = at("data");
      succeeded(
        await world().rkt(["fetch", "--insecure-options=image", `oci:${layout}`], { data }),
      );
      const ours = join(data, "cas/layers", sha256(bytes).replace(":", "-"));
      const list = await inside(LIST, ours);
      expect(list).toBe(await inside(LIST, peer));
      expect(await inside(DIGEST, ours)).toBe(await inside(DIGEST, peer));
      expect(await inside(BLOCKS, ours)).toBe(await inside(BLOCKS, peer));
      if (name.startsWith("gnu")) return; // umoci does not know GNU's own form of sparse files
      await inside(`umoci unpack --image "$0:latest" "$1" >/dev/null`, layout, bundle);
      expect(list).toBe(await inside(LIST, join(bundle, "rootfs")));
    });
  }
});

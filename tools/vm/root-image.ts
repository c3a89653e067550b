/**
 * The root file system of the guest, made from Debian packages and kept below .cache/vm.
 *
 * In: the lists of packages and the files of guest/. Out: an ext4 image, the kernel and its initial
 * file system. Made again only when one of these changes; never left half made.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  copyFileSync,
} from "node:fs";
import { join } from "node:path";
import { must } from "@e2e/rkt";

const SUITE = "bookworm";
const SIZE = "4G"; // sparse
const MAKE_LIMIT_MS = 20 * 60_000;

export interface RootImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initialFiles: string;
}

export async function rootImage(root: string, say: (line: string) => void): Promise<RootImage> {
  const cache = join(root, ".cache/vm");
  const directory = join(cache, `root-${digestOf(root)}`);
  if (!existsSync(directory)) {
    say(`making the root file system of the guest from packages of Debian ${SUITE}`);
    const unfinished = `${directory}.tmp`;
    rmSync(unfinished, { recursive: true, force: true });
    await make(root, unfinished);
    removeOlder(cache);
    renameSync(unfinished, directory);
  }
  return {
    disk: join(directory, "root.ext4"),
    kernel: join(directory, "vmlinuz"),
    initialFiles: join(directory, "initrd.img"),
  };
}

const GUEST = "tools/vm/guest";
const PACKAGES = ["tools/setup/debian-packages.txt", `${GUEST}/debian-packages.txt`];

function digestOf(root: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const inputs = [...PACKAGES, `${GUEST}/rktnetes-tests.service`, `${GUEST}/set-up.sh`];
  for (const path of inputs) hasher.update(readFileSync(join(root, path)));
  return hasher
    .update(SUITE + SIZE)
    .digest("hex")
    .slice(0, 16);
}

/** Names of a list without its comments. */
export function packageNames(list: string): string[] {
  return list
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((name) => name !== "");
}

async function make(root: string, directory: string): Promise<void> {
  const tree = join(directory, "tree");
  mkdirSync(tree, { recursive: true });
  const names = PACKAGES.flatMap((path) => packageNames(readFileSync(join(root, path), "utf8")));
  const bootstrap = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=dir"];
  const setUp = `--customize-hook=sh '${join(root, GUEST, "set-up.sh")}' "$1"`;
  const include = `--include=${names.join(",")}`;
  const options = { timeoutMs: MAKE_LIMIT_MS };
  await must([...privately, ...bootstrap, include, setUp, SUITE, tree], options);
  const boot = readdirSync(join(tree, "boot"));
  for (const kind of ["vmlinuz", "initrd.img"]) {
    const name = boot.find((each) => each.startsWith(`${kind}-`));
    if (name === undefined) throw new Error(`make the guest: no ${kind} came with the kernel`);
    copyFileSync(join(tree, "boot", name), join(directory, kind));
  }
  await makeDisk(join(directory, "root.ext4"), tree, SIZE);
  rmSync(tree, { recursive: true });
}

/** Nothing that is mounted on the way is ever seen outside, whatever goes wrong. */
const privately = ["unshare", "--mount", "--"] as const;

/** An ext4 image of a tree. It needs no journal: it never outlives a run. */
export async function makeDisk(path: string, tree: string, size: string): Promise<void> {
  const command = ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0"];
  await must([...command, "-d", tree, path, size], { timeoutMs: MAKE_LIMIT_MS });
}

/** Those of other lists: one is half a gigabyte. */
function removeOlder(cache: string): void {
  for (const name of readdirSync(cache)) {
    const isOther = name.startsWith("root-") && !name.endsWith(".tmp");
    if (isOther) rmSync(join(cache, name), { recursive: true });
  }
}

/**
 * What the tests of this package share: a data directory with real layers, and a stage1 made of a
 * shell script.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { LayerId, StoredImage } from "@rkt/image";
import type { App } from "@rkt/spec";
import type { Stage1Image } from "@rkt/stage1/bundled";
import { ENTRYPOINTS, entrypointAnnotation, type RunArguments } from "@rkt/stage1/contract";
import { type Clock, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import type { GcRequest } from "./gc.ts";
import type { Stage0Host } from "./host.ts";
import { layerPath } from "./layers.ts";
import type { AppRequest } from "./pod-manifest.ts";
import { type PreparedPod, type PrepareRequest, preparePod } from "./prepare.ts";

/** Why tests that mount skip themselves; undefined where they can run. */
export const CANNOT_MOUNT: string | undefined = whyNotMount();

function whyNotMount(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n")) return "needs overlay";
  return undefined;
}

export interface TestHost extends Stage0Host {
  /** What was said so far. */
  readonly warned: string[];
  readonly printed: string[];
}

/** A host with the real kernel; time may be the test's own. */
export function testHost(
  clock: Clock = systemClock,
  environment: Readonly<Record<string, string | undefined>> = { PATH: "/usr/bin:/bin" },
): TestHost {
  const warned: string[] = [];
  const printed: string[] = [];
  return {
    kernel,
    clock,
    random: dice,
    warned,
    printed,
    warn: (line) => void warned.push(line),
    print: (line) => void printed.push(line),
    environment,
  };
}

/** A number in [0, 1), fresh for each call: pods of one test must not share a UUID. */
export function dice(): number {
  return (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) / 256;
}

/** A clock that stands still at `ms`. */
export function clockAt(ms: number): Clock {
  return { now: () => ms, sleep: () => Promise.resolve() };
}

export interface DataDir extends Disposable {
  readonly path: string;
}

/** An empty data directory that goes with the test. */
export function temporaryDataDir(): DataDir {
  const path = mkdtempSync(join(tmpdir(), "stage0-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const LOWER: LayerId = `sha256-${"a".repeat(64)}`;
export const UPPER: LayerId = `sha256-${"b".repeat(64)}`;

/** Two layers that both have `greeting`; only the lower one has `lower`. */
export function writeLayers(dataDir: string): void {
  const files = [
    [LOWER, "greeting", "from below\n"],
    [LOWER, "lower", "only below\n"],
    [UPPER, "greeting", "from above\n"],
  ] as const;
  for (const [layer, name, text] of files) {
    mkdirSync(layerPath(dataDir, layer), { recursive: true });
    writeFileSync(join(layerPath(dataDir, layer), name), text);
  }
}

export function storedImage(name: string, app?: App): StoredImage {
  return {
    id: `sha512-${"1".repeat(64)}`,
    format: "oci",
    name: `example.com/${name}:1.0`,
    manifest: {
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: `example.com/${name}`,
      labels: [{ name: "version", value: "1.0" }],
      ...(app && { app }),
    },
    layers: [LOWER, UPPER],
    sizeBytes: 20,
    importedMs: 0,
    lastUsedMs: 0,
    verification: { kind: "none" },
  };
}

export const APP: App = { exec: ["/bin/true"], user: "0", group: "0" };

export function appRequest(name: string, more: Partial<AppRequest> = {}): AppRequest {
  return { name, image: storedImage(name, APP), app: APP, ...more };
}

/** A stage1 whose every entrypoint is the script in testdata. */
export function scriptStage1(
  entrypoints: readonly string[] = ["run", "enter", "gc", "stop"],
): Stage1Image {
  const target = join(import.meta.dir, "testdata", "stage1.sh");
  const directories = ["rkt", "rkt/status", "opt", "opt/stage2", "bin"];
  return {
    manifest: {
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: "example.com/stage1-script",
      annotations: [
        ...ENTRYPOINTS.filter((each) => entrypoints.includes(each)).map((each) => ({
          name: entrypointAnnotation(each),
          value: `/bin/${each}`,
        })),
        { name: "coreos.com/rkt/stage1/interface-version", value: "6" },
      ],
    },
    entries: [
      ...directories.map((path) => ({ kind: "directory", path }) as const),
      ...entrypoints.map((each) => ({ kind: "link", path: `bin/${each}`, target }) as const),
    ],
  };
}

/** A request for a pod of one app that can really be run. */
export function prepareRequest(dir: DataDir, more: Partial<PrepareRequest> = {}): PrepareRequest {
  return {
    dataDir: dir.path,
    stage1: scriptStage1(),
    next: "run",
    apps: [appRequest("one")],
    ...more,
  };
}

/**
 * Prepares a pod in a data directory with layers. The caller holds its lock when it is in "run".
 */
export function prepared(dir: DataDir, more: Partial<PrepareRequest> = {}): PreparedPod {
  writeLayers(dir.path);
  return preparePod(testHost(), prepareRequest(dir, more));
}

export const RUN_ARGUMENTS: Omit<RunArguments, "uuid"> = {
  debug: false,
  net: "none",
  interactive: false,
  hostname: "",
  localConfig: "/etc/rkt",
  mutable: false,
  ipc: "auto",
  disableCapabilitiesRestriction: false,
  disablePaths: false,
  disableSeccomp: false,
  dnsConfMode: "resolv=default,hosts=default",
};

/** A collection that leaves nothing but pods in use. */
export const COLLECT_ALL: Omit<GcRequest, "dataDir"> = {
  gracePeriodMs: 0,
  expirePreparedMs: 0,
  markOnly: false,
  debug: false,
  localConfig: "/etc/rkt",
};

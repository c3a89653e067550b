/**
 * Documents of OCI and Docker: which are taken, which refused and with what words, which platform
 * is chosen.
 */
import { describe, expect, test } from "bun:test";
import {
  type OciIndex,
  pairLayers,
  parseOciConfig,
  parseOciDigest,
  parseOciDocument,
  parseOciIndex,
  parseOciManifest,
} from "./oci-image.ts";
import {
  describePlatform,
  parsePlatform,
  platformOf,
  selectPlatform,
  selectReference,
} from "./oci-select.ts";

const digest = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;
const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
const CONFIG = { mediaType: `${OCI}.config.v1+json`, digest: digest("c"), size: 7 };
const LAYER = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digest("1"), size: 9 };
const MANIFEST = { schemaVersion: 2, config: CONFIG, layers: [LAYER] };
const NAME = "org.opencontainers.image.ref.name";

function entry(os: string, architecture: string, variant = ""): object {
  const platform = { os, architecture, ...(variant !== "" && { variant }) };
  return { ...LAYER, mediaType: `${OCI}.manifest.v1+json`, platform };
}

function index(...manifests: object[]): OciIndex {
  return parseOciIndex(JSON.stringify({ schemaVersion: 2, manifests }));
}

describe("parseOciDocument", () => {
  test.each([
    [{ mediaType: `${OCI}.manifest.v1+json`, ...MANIFEST }, "manifest"],
    [{ mediaType: `${DOCKER}.distribution.manifest.v2+json`, ...MANIFEST }, "manifest"],
    [MANIFEST, "manifest"],
    [{ mediaType: `${OCI}.index.v1+json`, schemaVersion: 2, manifests: [] }, "index"],
    [{ mediaType: `${DOCKER}.distribution.manifest.list.v2+json`, manifests: [] }, "index"],
    [{ schemaVersion: 2, manifests: [] }, "index"],
  ] as const)("tells %j from its type, or from its fields", (document, kind) => {
    expect(parseOciDocument(JSON.stringify(document)).kind).toBe(kind);
  });
  test("keeps what is needed of Docker's schema 2", () => {
    const config = { ...CONFIG, mediaType: `${DOCKER}.container.image.v1+json` };
    const layers = [
      { ...LAYER, mediaType: `${DOCKER}.image.rootfs.diff.tar.gzip` },
      { ...LAYER, mediaType: `${DOCKER}.image.rootfs.foreign.diff.tar.gzip` },
    ];
    expect(parseOciManifest(JSON.stringify({ schemaVersion: 2, config, layers, x: 1 }))).toEqual({
      kind: "manifest",
      config,
      layers,
    });
  });
  const many = Array.from({ length: 1001 }, () => LAYER);
  const sized = (size: unknown): object => ({ ...MANIFEST, layers: [{ ...LAYER, size }] });
  test.each<[string, object]>([
    ["parse image manifest: schema 1 is not supported", { schemaVersion: 1, fsLayers: [] }],
    ["parse image manifest: schemaVersion: want 2, found 3", { ...MANIFEST, schemaVersion: 3 }],
    ['parse image manifest: media type "x/y" is not supported', { ...MANIFEST, mediaType: "x/y" }],
    ['parse image manifest: "layers" is missing', { schemaVersion: 2, config: CONFIG }],
    ['parse image manifest: "config" is missing', { schemaVersion: 2, layers: [] }],
    ["count layers: want at most 1000, found 1001", { ...MANIFEST, layers: many }],
    ["count manifests: want at most 1000, found 1001", { manifests: many }],
    [
      'parse image manifest: this is no container image: its configuration is "x/helm"',
      { ...MANIFEST, config: { ...CONFIG, mediaType: "x/helm" } },
    ],
    [
      'parse image manifest: layer: media type "x/tar" is not supported',
      { ...MANIFEST, layers: [{ ...LAYER, mediaType: "x/tar" }] },
    ],
    [
      'read digest "sha256:00": want sha256: and 64 hex digits, or sha512: and 128',
      { ...MANIFEST, config: { ...CONFIG, digest: "sha256:00" } },
    ],
    ['read "layers[0]": "size" is missing', sized(null)],
    ['read "layers[0].size": want a whole number from 0 to 9007199254740991, found -1', sized(-1)],
    ['read "layers[0].size": want a number, found a string', sized("9")],
  ])("says %p", (message, document) => {
    expect(() => parseOciDocument(JSON.stringify(document))).toThrow(new Error(message));
  });
  test("bounds the text", () => {
    expect(() => parseOciDocument(" ".repeat(4 * 2 ** 20 + 1))).toThrow(
      new Error("parse image manifest: larger than 4194304 bytes"),
    );
  });
});

test.each([
  digest("a").toUpperCase(),
  `sha512:${"a".repeat(64)}`,
  `sha1:${"a".repeat(40)}`,
  `${digest("a")}\n`,
  `sha256:../../${"a".repeat(58)}`,
])("no digest: %p", (text) => {
  expect(() => parseOciDigest(text)).toThrow("read digest");
});

describe("parseOciConfig", () => {
  test("reads platform, process and the digests of layers", () => {
    const config = {
      User: "1000:100",
      ExposedPorts: { "80/tcp": {} },
      Env: ["A=1"],
      Entrypoint: ["/e"],
      Cmd: null,
      Volumes: { "/data": {} },
      WorkingDir: "/w",
      Labels: { a: "b" },
      StopSignal: "SIGINT",
    };
    const rootfs = { type: "layers", diff_ids: [digest("d")] };
    const platform = { os: "linux", architecture: "arm", variant: "v7" };
    const text = JSON.stringify({ ...platform, created: "2017-07-14T02:40:00Z", config, rootfs });
    expect(parseOciConfig(text)).toEqual({
      platform,
      created: "2017-07-14T02:40:00Z",
      process: {
        user: "1000:100",
        exposedPorts: ["80/tcp"],
        env: ["A=1"],
        entrypoint: ["/e"],
        cmd: [],
        volumes: ["/data"],
        workingDir: "/w",
        labels: { a: "b" },
        stopSignal: "SIGINT",
      },
      diffIds: [digest("d")],
    });
  });
  test("an image may leave open what is run", () => {
    const text = '{"os":"linux","architecture":"amd64","author":"","rootfs":{"diff_ids":null}}';
    expect(parseOciConfig(text)).toEqual({
      platform: { os: "linux", architecture: "amd64" },
      diffIds: [],
    });
  });
  test("needs the digests of its layers", () => {
    expect(() => parseOciConfig('{"os":"linux"}')).toThrow(
      new Error('read "rootfs": want an object, found nothing'),
    );
  });
});

test("layers are paired with their uncompressed digests, or not at all", () => {
  const manifest = parseOciManifest(JSON.stringify(MANIFEST));
  const config = { platform: { os: "linux", architecture: "amd64" }, diffIds: [digest("d")] };
  expect(pairLayers(manifest, config)).toEqual([{ descriptor: LAYER, diffId: digest("d") }]);
  expect(() => pairLayers(manifest, { ...config, diffIds: [] })).toThrow(
    new Error("pair layers with their digests: the manifest has 1, the configuration 0"),
  );
});

describe("selectPlatform", () => {
  const mixed = index(
    entry("windows", "amd64"),
    entry("linux", "arm", "v6"),
    entry("linux", "arm", "v7"),
    entry("linux", "arm64", "v8"),
    entry("linux", "amd64", "v3"),
    entry("linux", "amd64"),
    entry("unknown", "unknown"),
  );
  test.each([
    ["amd64", undefined, 5],
    ["amd64", "v3", 4],
    ["amd64", "v2", 5],
    ["arm64", undefined, 3],
    ["arm64", "v8", 3],
    ["arm", "v7", 2],
    ["arm", "v6", 1],
    ["arm", undefined, 2],
  ] as const)("%p %p takes the entry %p", (architecture, variant, place) => {
    const platform = { os: "linux", architecture, ...(variant && { variant }) };
    expect(selectPlatform(mixed, platform)).toBe(mixed.manifests[place] as never);
  });
  test("a newer variant than the machine's is not taken", () => {
    const only = index(entry("linux", "arm", "v7"));
    const machine = { os: "linux", architecture: "arm", variant: "v6" };
    expect(() => selectPlatform(only, machine)).toThrow("find an image for linux/arm/v6");
  });
  test("says what there is when nothing suits", () => {
    expect(() => selectPlatform(mixed, { os: "linux", architecture: "riscv64" })).toThrow(
      expect.objectContaining({
        kind: "not-found",
        message: "find an image for linux/riscv64 in the index",
        hint:
          "the index has windows/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8, " +
          "linux/amd64/v3, linux/amd64",
      }),
    );
  });
  test("the only entry without a platform suits where no other does", () => {
    const layout = index(LAYER, entry("linux", "s390x"));
    const chosen = selectPlatform(layout, { os: "linux", architecture: "amd64" });
    expect(chosen.platform).toBeUndefined();
  });
  test("platforms of the runtime have Go's names", () => {
    expect(platformOf("linux", "x64")).toEqual({ os: "linux", architecture: "amd64" });
    expect(platformOf("linux", "arm64")).toEqual({ os: "linux", architecture: "arm64" });
  });
});

describe("selectReference", () => {
  const named = (text: string): object => ({ ...LAYER, annotations: { [NAME]: text } });
  test("finds a name, or the only entry", () => {
    const layout = index(named("a"), named("b"));
    expect(selectReference(layout, "b")).toBe(layout.manifests[1] as never);
    expect(selectReference(index(LAYER), undefined).digest).toBe(LAYER.digest);
  });
  test("does not choose for the reader", () => {
    const layout = index(named("a"), named("b"));
    expect(() => selectReference(layout, undefined)).toThrow(
      expect.objectContaining({ kind: "ambiguous", hint: 'the layout has "a", "b"' }),
    );
    expect(() => selectReference(layout, "c")).toThrow(
      expect.objectContaining({ kind: "not-found", message: 'find "c" in the layout' }),
    );
    expect(() => selectReference(index(), undefined)).toThrow("find the image of the layout");
  });
});

describe("parsePlatform()", () => {
  test.each(["linux/amd64", "linux/arm/v7", "windows/amd64", "plan9/386"])("%s", (text) => {
    expect(describePlatform(parsePlatform(text))).toBe(text);
  });
  test.each(["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/arm/../x", "Linux/amd64"])(
    "refuses %p",
    (text) => {
      expect(() => parsePlatform(text)).toThrow("want OS/ARCH");
    },
  );
});

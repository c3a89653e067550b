/** Parsers of bytes from outside, for `npm run fuzz`: each ends with a value or a fault. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseSigstoreBundle } from "@rkt/spec";
import { loginFor, loadSite } from "../config/site.ts";
import { placesOf } from "../config/registries.ts";
import { checkCertificateBundle } from "../verify/certificate-bundle.ts";
import { checkSignature, type OpenPgpKey, readKeys } from "../verify/openpgp.ts";
import { isSignedBy, readImageKey } from "../verify/public-key.ts";
import { decompress } from "../layers/decompress.ts";
import { placeOf } from "../layers/layer-place.ts";
import { TarReader } from "../layers/tar.ts";
import { parsePax } from "../layers/tar-pax.ts";
import { parseChallenge } from "../fetch/challenge.ts";
import { metaTags } from "../discover/meta.ts";

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const CORPUS = join(import.meta.dir, "../../../tools/fuzz/corpus");
const KEYLESS = join(import.meta.dir, "../verify/testdata/keyless");
/** Of the stored signatures. */
const SIGNED_AT_MS = Date.UTC(2026, 0, 2);
let keys: Promise<OpenPgpKey[]> | undefined;

/** Reads one file of configuration as all of it is read. */
function configured(path: string, bytes: Uint8Array): ReturnType<typeof loadSite> {
  const root = mkdtempSync(join(tmpdir(), "fuzz-"));
  try {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
    return loadSite({ roots: [root], environment: { DOCKER_CONFIG: root, PATH: "" } });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const IMAGE = { kind: "docker", registry: "a.test", repository: "b/c", text: "a.test/b/c" } as const;

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  tar: (bytes) => {
    const names: string[] = [];
    const reader = new TarReader({
      entry: (entry) => names.push(entry.type, placeOf("oci", entry.path).kind),
      data: () => undefined,
      end: () => undefined,
    });
    reader.write(bytes);
    reader.finish();
    return [...new Set(names)].sort().join();
  },
  pax: (bytes) => [...parsePax(Buffer.from(bytes)).values.keys()].join(),
  decompress: async (bytes) => {
    const { compression, output } = await decompress(inPieces(bytes));
    for await (const _chunk of output);
    return compression;
  },
  "openpgp-key": async (bytes) => (await readKeys(bytes)).length,
  "openpgp-signature": async (bytes) => {
    keys ??= readKeys(readFileSync(join(CORPUS, "openpgp-key/ed25519")));
    const signer = await checkSignature("/dev/null", bytes, await keys, SIGNED_AT_MS);
    return signer.fingerprint;
  },
  "image-key": (bytes) => {
    const key = readImageKey(bytes, "a key");
    return `${key.sort} ${isSignedBy(key, bytes, bytes)}`;
  },
  "sigstore-bundle": async (bytes) => {
    const bundle = parseSigstoreBundle(text(bytes));
    const trustedRoot = join(KEYLESS, "trusted_root.json");
    const trust = { trustedRoot, subject: "somebody", issuer: "somewhere" };
    const { subject } = await checkCertificateBundle(bundle, [], trust);
    return subject;
  },
  auth: async (bytes) => {
    const site = configured("auth.d/a.json", bytes);
    const login = await loginFor(site, "a.test");
    return `${login?.kind} ${site.auth.registries.size} ${site.auth.domains.size}`;
  },
  registries: (bytes) => {
    const places = placesOf(configured("registries.d/a.json", bytes).rules, IMAGE);
    return places.length;
  },
  "docker-config": (bytes) => configured("config.json", bytes).docker?.logins.size,
  challenge: (bytes) => parseChallenge(text(bytes))?.scheme,
  meta: (bytes) => metaTags(text(bytes), "ac-discovery").length,
};

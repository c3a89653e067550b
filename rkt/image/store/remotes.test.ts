import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { openStore } from "./store.ts";

const directory = mkdtempSync(join(tmpdir(), "rkt-remotes-"));
afterAll(() => rmSync(directory, { recursive: true }));

const image = {
  id: `sha512-${"a".repeat(64)}`,
  format: "aci",
  name: "a.test/app",
  manifest: { acKind: "ImageManifest", acVersion: "0.8.11", name: "a.test/app" },
  layers: [],
  blobs: [],
  sizeBytes: 0,
  importedMs: 1,
  verification: { kind: "none" },
  references: [],
  aliases: [],
} as const;

test("what a server said is kept by URL, replaced, and goes with its image", async () => {
  using store = openStore({ kernel, clock: systemClock }, directory);
  const url = "https://a.test/app.aci";
  const remote = { url, imageId: image.id, etag: '"1"', maxAgeMs: 60_000, fetchedMs: 5 };
  expect(() => store.addRemote(remote)).toThrow("FOREIGN KEY");
  store.addImage(image);
  store.addRemote(remote);
  store.addRemote({ ...remote, etag: '"2"' });
  expect(store.findRemote(url)).toEqual({ ...remote, etag: '"2"' });
  expect(store.findRemote("https://a.test/other.aci")).toBeUndefined();
  store.addImage(image); // recorded again: what is known of its URL stays
  expect(store.findRemote(url)?.etag).toBe('"2"');
  await store.removeImage(image.id, { layersInUse: new Set() });
  expect(store.findRemote(url)).toBeUndefined();
});

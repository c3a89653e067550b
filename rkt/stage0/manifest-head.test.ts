import { expect, test } from "bun:test";
import { printPodManifest } from "@rkt/spec";
import { parseManifestHead } from "./manifest-head.ts";
import { planPod } from "./pod-manifest.ts";
import { appRequest } from "./testing.ts";

test("it finds in a printed manifest what was put into it", () => {
  const { manifest } = planPod({
    apps: [appRequest("one"), appRequest("two")],
    userLabels: { tier: "front" },
  });
  expect(parseManifestHead(printPodManifest(manifest, { pretty: true }))).toEqual({
    name: undefined,
    apps: manifest.apps.map(({ name, image }) => ({
      name,
      imageId: image.id,
      imageName: `example.com/${name}:1.0`,
    })),
    userAnnotations: {},
    userLabels: { tier: "front" },
  });
});

test("an image without a name or a version shows what there is", () => {
  const app = (image: unknown): string =>
    JSON.stringify({ acKind: "PodManifest", apps: [{ name: "a", image }] });
  expect(parseManifestHead(app({ id: "sha512-1" })).apps[0]).toEqual({
    name: "a",
    imageId: "sha512-1",
    imageName: "",
  });
  expect(parseManifestHead(app({ id: "x", name: "n", labels: null })).apps[0]?.imageName).toBe("n");
});

test.each([
  ["", "read the pod manifest", "an empty file"],
  ['{"acKind"', "read the pod manifest", "a file cut short"],
  ["null", "missing or bad ACKind", "no object"],
  ['{"acKind":"ImageManifest","apps":[]}', "missing or bad ACKind", "another document"],
  ['{"acKind":"PodManifest"}', "missing or bad ACKind", "no apps"],
])("%p is refused: %s (%s)", (text, message) => {
  expect(() => parseManifestHead(text)).toThrow(message);
});

import { expect, test } from "bun:test";
import { fillTemplate, metaTags, templateValues } from "./meta.ts";

const PAGE = `<html><head>
<meta name="ac-discovery" content="a.test https://a.test/{name}-{version}-{os}-{arch}.{ext}">
<META content='a.test  https://a.test/keys.asc' name='ac-discovery-pubkeys' />
<meta name="ac-discovery" content="only-a-prefix">
<meta name=viewport content="width=1">
</head></html>`;

test("metaTags(): tags of one name, in either order of attributes, broken ones left out", () => {
  expect(metaTags(PAGE, "ac-discovery")).toEqual([
    { prefix: "a.test", target: "https://a.test/{name}-{version}-{os}-{arch}.{ext}" },
  ]);
  expect(metaTags(PAGE, "ac-discovery-pubkeys")).toEqual([
    { prefix: "a.test", target: "https://a.test/keys.asc" },
  ]);
});

const platform = { os: "linux", architecture: "arm64" };
const template = "https://a.test/{name}-{version}-{os}-{arch}.{ext}";
for (const [labels, url, why] of [
  [[], "https://a.test/a.test/x-latest-linux-aarch64.aci", "defaults: latest, this machine"],
  [
    [
      { name: "version", value: "1.0" },
      { name: "arch", value: "amd64" },
    ],
    "https://a.test/a.test/x-1.0-linux-amd64.aci",
    "labels win",
  ],
  [
    [{ name: "ext", value: "exe" }],
    "https://a.test/a.test/x-latest-linux-aarch64.aci",
    "the extension is no label",
  ],
] as const) {
  test(`fillTemplate(): ${why}`, () => {
    const values = templateValues({ name: "a.test/x", labels }, platform);
    expect(fillTemplate(template, values)).toBe(url);
  });
}

test("fillTemplate(): what is left open drops the endpoint", () => {
  const values = templateValues({ name: "a.test/x", labels: [] }, platform);
  expect(fillTemplate("https://a.test/{name}-{flavour}.{ext}", values)).toBeUndefined();
});

import { expect, test } from "bun:test";
import { parsePath } from "./request-path.ts";

/** group/version watch? namespace resource name sub */
const PATHS: readonly (readonly [path: string, words: string])[] = [
  ["/api/v1/pods", "/v1 - - pods - -"],
  ["/api/v1/namespaces/n/pods/p/log", "/v1 - n pods p log"],
  ["/api/v1/namespaces", "/v1 - - namespaces - -"],
  ["/api/v1/namespaces/n", "/v1 - - namespaces n -"],
  ["/api/v1/namespaces/n/finalize", "/v1 - - namespaces n finalize"],
  ["/api/v1/namespaces/n/status", "/v1 - - namespaces n status"],
  ["/api/v1/watch/namespaces/n/pods", "/v1 watch n pods - -"],
  ["/apis/apps/v1/namespaces/n/deployments/d/", "apps/v1 - n deployments d -"],
  ["/api/v1/namespaces/n/configmaps/%2e%2e", "/v1 - n configmaps .. -"],
];

for (const [path, words] of PATHS) {
  test(path, () => {
    const parsed = parsePath(path);
    if (parsed.type !== "resource") throw new Error(parsed.type);
    const { group, version, watch, namespace, resource, name, subresource } = parsed;
    const parts = [
      `${group}/${version}`,
      watch ? "watch" : "",
      namespace,
      resource,
      name,
      subresource,
    ];
    expect(parts.map((part) => part || "-").join(" ")).toBe(words);
  });
}

const OTHERS: readonly (readonly [path: string, type: string])[] = [
  ["/api", "discovery"],
  ["/apis/", "discovery"],
  ["/apis/apps/v1", "discovery"],
  ["/api//v1", "nothing"],
  ["/api/v1/%zz", "nothing"],
  ["/api/v1/watch", "broken"],
  ["//api", "other"],
  ["/apix", "other"],
  ["/version", "other"],
];

for (const [path, type] of OTHERS) {
  test(`${path} is ${type}`, () => {
    expect(parsePath(path).type).toBe(type as "other");
  });
}

import { describe, expect, test } from "bun:test";
import type { Edit } from "./edit.ts";
import { editDraft, type Json, newDraft } from "./oci-draft.ts";

const EMPTY = newDraft({ os: "linux", architecture: "arm64", variant: "v8" });
const FULL = {
  ...EMPTY,
  config: {
    ...EMPTY.config,
    config: {
      Cmd: ["a"],
      Env: ["A=1", "B=2=3"],
      ExposedPorts: { "80/tcp": {} },
      Healthcheck: { Test: ["NONE"] },
      Labels: { a: "b" },
      User: "alice:users",
      Volumes: { "/data": {} },
    },
  },
};

describe("an edit changes the configuration, and nothing else", () => {
  const CASES: readonly (readonly [why: string, edit: Edit, process: Json])[] = [
    [
      "a command takes the place of both",
      { kind: "set-exec", exec: ["x", "y"] },
      { Cmd: undefined, Entrypoint: ["x", "y"] },
    ],
    ["a user keeps the group", { kind: "set-user", user: "bob" }, { User: "bob:users" }],
    ["a group keeps the user", { kind: "set-group", group: "10" }, { User: "alice:10" }],
    ["a directory", { kind: "set-working-directory", path: "/srv" }, { WorkingDir: "/srv" }],
    [
      "a variable is replaced in its place",
      { kind: "environment", add: { name: "A", value: "x y" } },
      { Env: ["A=x y", "B=2=3"] },
    ],
    ["a variable is removed", { kind: "environment", remove: "B" }, { Env: ["A=1"] }],
    [
      "a port",
      { kind: "port", add: { name: "dns", protocol: "udp", port: 53 } },
      { ExposedPorts: { "80/tcp": {}, "53/udp": {} } },
    ],
    [
      "a port is removed as it stands there",
      { kind: "port", remove: "80/tcp" },
      { ExposedPorts: {} },
    ],
    [
      "a volume",
      { kind: "mount", add: { name: "x", path: "/x" } },
      { Volumes: { "/data": {}, "/x": {} } },
    ],
    ["a label", { kind: "label", add: { name: "c", value: "d" } }, { Labels: { a: "b", c: "d" } }],
  ];
  for (const [why, edit, process] of CASES) {
    test(why, () => {
      const { config } = editDraft(FULL, edit);
      expect(config["config"]).toEqual({ ...FULL.config.config, ...process });
    });
  }

  test("os and arch are the platform", () => {
    const edited = editDraft(EMPTY, { kind: "label", add: { name: "arch", value: "amd64" } });
    expect(edited.config).toEqual({ os: "linux", architecture: "amd64", variant: "v8" });
  });

  test("annotations and the tag are not the configuration's", () => {
    const annotated = editDraft(FULL, { kind: "annotation", add: { name: "a", value: "b" } });
    const tagged = editDraft(annotated, { kind: "set-tag", tag: "v1" });
    expect(tagged).toEqual({ ...FULL, annotations: { a: "b" }, tag: "v1" });
  });
});

describe("refuses", () => {
  const CASES: readonly (readonly [why: string, edit: Edit, words: string])[] = [
    ["what is not there", { kind: "label", remove: "x" }, 'remove label "x": there is none such'],
    [
      "a variable that is not there",
      { kind: "environment", remove: "C" },
      'remove environment "C"',
    ],
    ["dependencies", { kind: "dependency", remove: "x" }, "an OCI image has no such thing"],
    ["further groups", { kind: "set-supp-groups", groups: [1] }, "an OCI image has no such thing"],
    ["isolators", { kind: "isolator", remove: "x" }, "an OCI image has no such thing"],
  ];
  for (const [why, edit, words] of CASES) {
    test(why, () => expect(() => editDraft(FULL, edit)).toThrow(words));
  }
});

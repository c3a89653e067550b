import { expect, test } from "bun:test";
import type { App } from "@rkt/spec";
import { type AppOverrides, overrideApp } from "./app-overrides.ts";
import { storedImage } from "./testing.ts";

const OWN: App = {
  exec: ["/bin/own", "arg"],
  user: "10",
  group: "20",
  workingDirectory: "/own",
  environment: [
    { name: "A", value: "image" },
    { name: "B", value: "image" },
  ],
  isolators: [
    { name: "resource/memory", value: { request: "1M", limit: "1M" } },
    { name: "os/linux/capabilities-remove-set", value: { set: ["CAP_KILL"] } },
    { name: "os/linux/cpu-shares", value: 5 },
  ],
  userLabels: { from: "image", both: "image" },
};
const CALLER = { uid: 7, gid: 8 };

function overridden(overrides: AppOverrides, app: App | undefined = OWN): App {
  return overrideApp(storedImage("app", app), overrides, CALLER);
}

test("without overrides the image's app stays as it is", () => {
  expect(overridden({})).toEqual(OWN);
});

test.each([
  [{ exec: "/x" }, ["/x"], "--exec replaces the whole command"],
  [{ exec: "/x", args: ["a", "b"] }, ["/x", "a", "b"], "arguments follow --exec"],
  [{ args: ["a"] }, ["/bin/own", "arg", "a"], "arguments are appended to the image's own"],
  [{ exec: "" }, ["/bin/own", "arg"], "an empty --exec is none"],
] as const)("%p gives %p: %s", (overrides, exec) => {
  expect(overridden(overrides).exec).toEqual([...exec]);
});

test("the environment: --environment over --set-env over the image over what is inherited", () => {
  const environment = overridden({
    inheritedEnvironment: [
      { name: "A", value: "inherited" },
      { name: "PWD", value: "inherited" },
    ],
    podEnvironment: [
      { name: "B", value: "set-env" },
      { name: "C", value: "set-env" },
    ],
    environment: [{ name: "C", value: "environment" }],
  }).environment;
  expect(environment).toEqual([
    { name: "A", value: "image" },
    { name: "B", value: "set-env" },
    { name: "C", value: "environment" },
    { name: "PWD", value: "inherited" },
  ]);
});

test("isolators of the command line replace the image's, and what contradicts them", () => {
  const { isolators } = overridden({ memory: "128M", capsRetain: ["CAP_CHOWN"], cpu: "500m" });
  expect(isolators?.map(({ name }) => name)).toEqual([
    "os/linux/cpu-shares",
    "resource/memory",
    "resource/cpu",
    "os/linux/capabilities-retain-set",
  ]);
  expect(isolators?.[0]?.value).toBe(5);
  expect(isolators?.[1]?.value).toMatchObject({ limit: "128M" });
  expect(isolators?.[3]?.value).toEqual({ set: ["CAP_CHOWN"] });
});

test("shares, score and seccomp arrive whole", () => {
  const own: App = { exec: ["/x"], user: "0", group: "0" };
  const seccomp = { mode: "retain", errno: "EPERM", set: ["read", "write"] };
  const { isolators } = overridden({ cpuShares: 9, oomScoreAdj: -3, seccomp }, own);
  expect(isolators).toEqual([
    { name: "os/linux/cpu-shares", value: 9 },
    { name: "os/linux/oom-score-adj", value: -3 },
    { name: "os/linux/seccomp-retain-set", value: { set: ["read", "write"], errno: "EPERM" } },
  ]);
});

test("labels are merged, the command line's win", () => {
  expect(overridden({ userLabels: { both: "line" } }).userLabels).toEqual({
    from: "image",
    both: "line",
  });
});

test("an image without an app runs as the caller, if a command is given", () => {
  const bare = storedImage("bare");
  expect(overrideApp(bare, { exec: "/x" }, CALLER)).toEqual({
    exec: ["/x"],
    user: "7",
    group: "8",
  });
  expect(() => overrideApp(bare, {}, CALLER)).toThrow(
    `image ${bare.id} has no app section and --exec argument is not provided`,
  );
});

test.each([
  [
    { capsRetain: ["CAP_KILL"], capsRemove: ["CAP_CHOWN"] },
    "cannot use both --caps-retain and --caps-remove on the same image",
  ],
  [{ seccomp: { mode: "nonsense", set: ["x"] } }, "invalid seccomp mode command-line override"],
  [{ seccomp: { mode: "retain", set: [] } }, "set must be non-empty"],
  [{ workingDirectory: "relative" }, "workingDirectory must be an absolute path"],
  [{ environment: [{ name: "", value: "" }] }, "environment variable name must not be empty"],
  [
    { environment: [{ name: "1BAD-NAME", value: "" }] },
    'environment variable does not have valid identifier "1BAD-NAME"',
  ],
] as const)("%p is refused: %s", (overrides, message) => {
  expect(() => overridden(overrides)).toThrow(message);
});

test("--replace-cmd keeps the entrypoint of a container image", () => {
  const image = storedImage("app", OWN);
  const annotations = [{ name: "appc.io/docker/entrypoint", value: '["/entry","e"]' }];
  const overrides = { replacesCmd: true, args: ["x"] };
  const exec = (format: "aci" | "oci", more: object): readonly string[] =>
    overrideApp({ ...image, format, manifest: { ...image.manifest, ...more } }, overrides, CALLER)
      .exec;
  expect(exec("oci", { annotations })).toEqual(["/entry", "e", "x"]);
  expect(exec("oci", {})).toEqual(["x"]);
  expect(exec("aci", {})).toEqual(["/bin/own", "arg", "x"]);
});

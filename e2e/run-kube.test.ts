/** `rkt run --kube`: Pods of Kubernetes' files, run as pods. */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeAci } from "./fixtures/aci.ts";
import { busyboxOci, writeLayout } from "./fixtures/oci.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("rkt run --kube", {}, (world) => {
  let image = "";
  let entrypoint = "";

  beforeAll(async () => {
    image = writeAci(world().directory, "box.aci", { exec: ["/bin/sh"] });
    entrypoint = join(world().directory, "layout");
    const config = { Entrypoint: ["/bin/echo", "entry"], Cmd: ["cmd"] };
    writeLayout(entrypoint, busyboxOci({ config }), "v1");
  });

  afterEach(async () => {
    await world().rkt(["stop", "--force", ...world().pods()]);
    for (const uuid of world().pods()) await world().rkt(["status", "--wait=20s", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  const write = (text: string): string => {
    const path = join(world().directory, "pod.yaml");
    writeFileSync(path, text);
    return path;
  };
  const runFile = (text: string, ...argv: string[]) =>
    world().rkt([
      "--insecure-options=image",
      "run",
      "--net=none",
      ...argv,
      `--kube=${write(text)}`,
    ]);
  const pod = (spec: string, name = "web"): string =>
    `kind: Pod\nmetadata: { name: ${name} }\nspec:\n  restartPolicy: Never\n${spec}`;
  const container = (script: string, more = ""): string =>
    `  - { name: app, image: ${image}, command: [/bin/sh, -c, '${script}']${more} }\n`;

  test("command, environment, hostname, limits and user are those of the file", async () => {
    const script = "hostname; echo $A; id -u; cat /sys/fs/cgroup/memory.max 2>/dev/null || :";
    const more =
      ", env: [{ name: A, value: one }], securityContext: { runAsUser: 1000 }, " +
      "resources: { limits: { memory: 64Mi } }";
    const said = succeeded(await runFile(pod(`  containers:\n${container(script, more)}`)));
    expect(said.split("\n").slice(0, 3)).toEqual(["web", "one", "1000"]);
  });

  test("args alone replace the image's CMD and keep its ENTRYPOINT", async () => {
    const spec = `  containers: [{ name: app, image: "oci:${entrypoint}:v1", args: [mine] }]\n`;
    expect(succeeded(await runFile(pod(spec)))).toBe("entry mine\n");
  });

  test("init containers run first, volumes are shared, ConfigMaps are files", async () => {
    const places = "{ name: shared, mountPath: /s }, { name: conf, mountPath: /c }";
    const mounts = `, volumeMounts: [${places}]`;
    const script = "cat /s/x; stat -c %a /c/a.conf; touch /c/y || echo ro";
    const init = container("cat /c/a.conf >/s/x", mounts).replace("app", "first");
    const settings = "configMap: { name: set, defaultMode: 0640 }";
    const spec =
      `  initContainers:\n${init}  containers:\n${container(script, mounts)}` +
      `  volumes: [{ name: shared, emptyDir: {} }, { name: conf, ${settings} }]\n`;
    const map = "---\nkind: ConfigMap\nmetadata: { name: set }\ndata: { a.conf: hello }\n";
    const said = succeeded(await runFile(`${pod(spec)}${map}`));
    expect(said).toContain("app: hello640\n");
    expect(said).toContain("app: ro\n");
  });

  test("the exit status is that of the container that failed", async () => {
    ended(await runFile(pod(`  containers:\n${container("exit 7")}`)), 7);
  });

  test("several Pods of one file run in the background, by their names", async () => {
    const two = ["one", "two"].map((name) => pod(`  containers:\n${container("sleep 600")}`, name));
    const uuids = succeeded(await runFile(two.join("---\n"), "--detach"));
    expect(uuids.trim().split("\n")).toHaveLength(2);
    for (const name of ["one", "two"]) {
      expect(succeeded(await world().rkt(["status", name]))).toContain("state=running");
    }
  });

  test("standard input is a file as well", async () => {
    const text = pod(`  containers:\n${container("echo from stdin")}`);
    const words = ["--insecure-options=image", "run", "--net=none", "--kube=-"];
    expect(succeeded(await world().rkt(words, { input: text }))).toBe("from stdin\n");
  });

  test("what is left out is a warning", async () => {
    const { stderr } = await runFile(
      pod(`  containers:\n${container("true", ", livenessProbe: { exec: { command: [x] } }")}`),
    );
    expect(stderr).toContain(
      'run: warning: pod "web": livenessProbe of container "app" is left out\n',
    );
  });

  test.each([
    ["a: [", /^run: .*pod\.yaml:1:\d+: /, "half of a list, with its position"],
    ["kind: Job\n", /^run: .*documents of kind "Job" are not supported$/, "another kind"],
    ["kind: Pod\n", /^run: .*a Pod has no metadata\.name$/, "a Pod without a name"],
    [pod("  containers: []\n"), /^run: pod "web": spec\.containers is empty$/, "no containers"],
    [
      `${pod("  containers: []\n")}---\n${pod("  containers: []\n")}`,
      /^run: /,
      "two, not detached",
    ],
  ])("%p is refused", async (text, message, _reason) => {
    expect(refused(await runFile(text))).toMatch(message);
    expect(world().pods()).toEqual([]);
  });

  test("images do not go with it", async () => {
    const finished = await world().rkt(["run", `--kube=${write("x")}`, image]);
    expect(refused(finished)).toBe("run: --kube does not go with images or --pod-manifest");
  });
});

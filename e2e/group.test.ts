/**
 * Members of group `rkt` fetch and list without root. What they fetched is unpacked when root uses
 * it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { writeAci } from "./fixtures/aci.ts";
import { busyboxOci, writeLayout } from "./fixtures/oci.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PROGRAMS = { "docker-registry": "docker-registry", setpriv: "util-linux" };
const PUSH = join(import.meta.dir, "fixtures/registry.ts");
const GROUP_ID = 4711;
/** In the machine's own /var/lib, where people without root can get at. */
const DATA = "/var/lib/rkt";
const SHARED = "/var/lib/images";

feature("members of group rkt", { programs: PROGRAMS }, (world) => {
  let registry: Registry;
  const person = (groups: string): string[] => [
    ...["setpriv", "--reuid=65534", "--regid=65534", `--groups=${groups}`, "--no-new-privs"],
  ];
  const member = person(String(GROUP_ID));
  const rkt = (argv: readonly string[], as: readonly string[] = []) =>
    world().rkt(argv, { as, data: DATA });

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    const layout = writeLayout(join(directory, "layout"), busyboxOci());
    const push = [process.execPath, "run", PUSH, registry.address, "test/app", "latest", layout];
    expect(await machine.run(push)).toMatchObject({ status: 0 });
    await machine.shell(`
      cp /etc/group /run/group; echo 'rkt:x:${GROUP_ID}:' >>/run/group
      mount --bind /run/group /etc/group
      mkdir ${SHARED}
      umask 022
    `);
    chmodSync(directory, 0o755);
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  const image = ["--insecure-options=image,http", "docker://"] as const;

  test("root's first command makes a store for the group", async () => {
    expect(succeeded(await rkt(["image", "list", "--no-legend"]))).toBe("");
    const paths = [".", "cas", "cas/blob", "cas/tmp", "cas/locks", "cas/layers", "cas/store.db"];
    const modes = await world().machine.shell(`cd ${DATA}; stat -c '%a %g' ${paths.join(" ")}`);
    expect(modes.trim().split("\n")).toEqual([
      ...[`2750 ${GROUP_ID}`, ...Array<string>(4).fill(`2770 ${GROUP_ID}`)],
      ...[`2755 ${GROUP_ID}`, `660 ${GROUP_ID}`],
    ]);
  });

  test("a member fetches a container image and an ACI, and lists them", async () => {
    const [waived, scheme] = image;
    const reference = `${scheme}${registry.address}/test/app`;
    expect(succeeded(await rkt(["fetch", waived, reference], member))).toMatch(/^sha512-/);
    const aci = writeAci(world().directory, "member.aci", { name: "example.test/member" });
    await world().machine.shell(`cp ${aci} ${SHARED}/; chmod 644 ${SHARED}/member.aci`);
    succeeded(await rkt(["fetch", waived, `${SHARED}/member.aci`], member));
    const list = await rkt(["image", "list", "--no-legend", "--fields=name"], member);
    expect(succeeded(list)).toContain("test/app:latest\n");
    expect(succeeded(list)).toContain("example.test/member:1.0.0\n");
    expect(await world().machine.shell(`ls ${DATA}/cas/layers`)).toBe("");
  });

  test("there is nothing to verify of what was never unpacked", async () => {
    const verify = ["image", "verify", "example.test/member"];
    expect(succeeded(await rkt(verify))).toBe(
      'image "example.test/member" not rendered; no verification needed\n',
    );
  });

  test("root runs what a member fetched", async () => {
    const run = ["run", "--net=none", "--exec=/bin/sh"];
    const words = ["--", "-c", "echo it runs"];
    for (const name of [`docker://${registry.address}/test/app`, "example.test/member"]) {
      const finished = await rkt([...run.slice(0, 2), name, "--exec=/bin/sh", ...words]);
      expect(succeeded(finished)).toBe("it runs\n");
    }
  });

  test("root unpacks an image with all that it stands on", async () => {
    const [waived] = image;
    const manifest = {
      dependencies: [{ imageName: "example.test/below" }],
      pathWhitelist: ["/bin/busybox", "/bin/sh", "/bin/ls"],
    };
    for (const [name, more] of [
      ["below", {}],
      ["above", manifest],
    ] as const) {
      const options = { name: `example.test/${name}`, manifest: more };
      await world().machine.shell(
        `install -m 644 ${writeAci(world().directory, "x.aci", options)} ${SHARED}/${name}.aci`,
      );
      succeeded(await rkt(["fetch", waived, `${SHARED}/${name}.aci`], member));
    }
    const words = ["--exec=/bin/sh", "--", "-c", "ls /bin"];
    const finished = await rkt(["run", "--net=none", "example.test/above", ...words]);
    expect(succeeded(finished)).toBe("busybox\nls\nsh\n");
  });

  test("root exports what a member fetched", async () => {
    const layers = [[{ path: "packed", kind: "file", bytes: "packed" } as const]];
    const directory = writeLayout(join(world().directory, "packed"), busyboxOci({ layers }));
    await world().machine.shell(`cp -r ${directory} ${SHARED}/packed`);
    const reference = `oci:${SHARED}/packed`;
    succeeded(await rkt(["fetch", image[0], reference], member));
    const out = join(world().directory, "rendered");
    succeeded(await rkt(["image", "render", "--rootfs-only", reference, out]));
    expect(await world().machine.shell(`cat ${out}/packed`)).toBe("packed");
  });

  test("what a member changed afterwards is refused", async () => {
    const [waived] = image;
    const path = writeAci(world().directory, "x.aci", { name: "example.test/changed" });
    await world().machine.shell(`install -m 644 ${path} ${SHARED}/changed.aci`);
    const before = await world().machine.shell(`find ${DATA}/cas/blob -type f | sort`);
    succeeded(await rkt(["fetch", waived, `${SHARED}/changed.aci`], member));
    const after = await world().machine.shell(`find ${DATA}/cas/blob -type f | sort`);
    const [blob = ""] = after.split("\n").filter((line) => !before.includes(line));
    const other = writeAci(world().directory, "y.aci", {
      name: "example.test/changed",
      more: [{ path: "rootfs/more", kind: "file", bytes: "more" }],
    });
    await world().machine.shell(`cp ${other} ${blob}`);
    const line = refused(await rkt(["run", "--net=none", "example.test/changed"]));
    expect(line).toContain('unpack "example.test/changed:1.0.0" of the store: its content has');
  });

  test("root and the member go on with what the other one left", async () => {
    const [waived, scheme] = image;
    const reference = `${scheme}${registry.address}/test/app`;
    const again = ["fetch", waived, "--pull-policy=update", reference];
    const first = succeeded(await rkt(again));
    expect(succeeded(await rkt(again, member))).toBe(first);
  });

  test("somebody who is no member is refused", async () => {
    const line = refused(await rkt(["image", "list"], person("65534")));
    expect(line).toStartWith("list: cannot open store: ");
    expect(line).toContain("permission denied");
  });

  test("a member may not run", async () => {
    expect(refused(await rkt(["run", "example.test/member"], member))).toContain(
      "cannot run as unprivileged user",
    );
  });

  test("the store goes, for the machine is to be as before", async () => {
    succeeded(await rkt(["gc", "--grace-period=0s"]));
    await world().machine.shell(`umount /etc/group; rm -rf ${DATA} ${SHARED} /run/group`);
  });
});

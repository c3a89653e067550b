/**
 * The lines about images that rkt's first users wrote down, typed as they stand there: with default
 * directories, real names, signatures, discovery and registries.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aciManifest, aciOf, busyboxAci } from "./fixtures/aci.ts";
import { architecture } from "./fixtures/busybox.ts";
import { lacksPackage, programEntries, unpackPackage } from "./fixtures/debian-program.ts";
import { createKeyRing, type KeyRing, type Signer } from "./fixtures/keys.ts";
import { busyboxOci } from "./fixtures/oci.ts";
import type { Finished } from "./fixtures/process.ts";
import { type Background, eventually, startInBackground } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { INTERNET, type Internet, startInternet } from "./harness/internet.ts";

const PROGRAMS = {
  gpg: "gnupg",
  openssl: "openssl",
  "docker-registry": "docker-registry",
  "dpkg-deb": "dpkg",
  script: "bsdutils",
};
const lacks = lacksPackage("etcd-server") ?? lacksPackage("nginx");

/** Of its control group, in whichever hierarchy memory is counted. */
const LIMIT_OF_ETCD = `
groups=/proc/$(pgrep -x etcd)/cgroup
v1=$(sed -n 's/^[0-9]*:memory://p' $groups)
v2=$(sed -n 's/^0:://p' $groups)
if [ -n "$v1" ]; then cat /sys/fs/cgroup/memory$v1/memory.limit_in_bytes
else cat /sys/fs/cgroup$v2/memory.max; fi
`;

feature(
  "the first users' lines about images",
  { programs: PROGRAMS, lacks, ...INTERNET },
  (world) => {
    let internet: Internet;
    let ring: KeyRing;

    beforeAll(async () => {
      const { data, directory, machine } = world();
      internet = await startInternet(world());
      // Files in memory would count as etcd's memory.
      await machine.shell(`mkdir /var/lib/rkt; mount --bind ${data} /var/lib/rkt`);
      ring = await createKeyRing(directory);
      await publishEtcd(
        await ring.addSigner("CoreOS ACI Builder <release@coreos.test>", "rsa2048"),
      );
      await publishAlpine(await ring.addSigner("Quay <release@quay.test>", "ed25519"));
      const busybox = busyboxOci();
      await internet.push("library/busybox", busybox);
      await internet.push("busybox", busybox);
      const own = { path: "etc/alpine-release", kind: "file", bytes: "3.5.0\n" } as const;
      await internet.push("library/alpine", busyboxOci({ layers: [[own]] }));
      await internet.push("library/nginx", await nginxImage());
    });

    afterAll(async () => {
      await ring[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    });

    /** As coreos.com had it: the archive is on github.com, which sends people elsewhere. */
    async function publishEtcd(signer: Signer): Promise<void> {
      const { web } = internet;
      const { path, signature } = await signed(signer, "etcd.aci", await etcdAci());
      const releases = "github.com/coreos/etcd/releases/download/v2.3.7";
      for (const [file, name] of [
        [path, `etcd-v2.3.7-linux-${architecture.appc}.aci`],
        [signature, `etcd-v2.3.7-linux-${architecture.appc}.aci.asc`],
      ] as const) {
        const location = `https://objects.githubusercontent.com/${name}?token=abc`;
        web.put(`${releases}/${name}`, "", { status: 302, headers: { location } });
        web.put(`objects.githubusercontent.com/${name}`, readFileSync(file));
      }
      web.put("coreos.com/dist/pubkeys/aci-pubkeys.gpg", signer.publicKey);
      const template = "etcd-{version}-{os}-{arch}.{ext}";
      web.put(
        "coreos.com/etcd/discovery.html",
        `<meta name="ac-discovery" content="coreos.com/etcd ` +
          `https://github.com/coreos/etcd/releases/download/{version}/${template}">\n` +
          `<meta name="ac-discovery-pubkeys" content="coreos.com/etcd ` +
          `https://coreos.com/dist/pubkeys/aci-pubkeys.gpg">\n`,
      );
    }

    /** As quay.io had it: one page for all names. */
    async function publishAlpine(signer: Signer): Promise<void> {
      const { web } = internet;
      const name = "quay.io/coreos/alpine-sh";
      const aci = busyboxAci({ name, exec: ["/bin/sh"] });
      const { path, signature } = await signed(signer, "alpine.aci", aci);
      const place = `quay.io/c1/aci/${name}/latest/aci/linux/${architecture.appc}`;
      web.put(place, readFileSync(path));
      web.put(place.replace("/aci/linux/", "/aci.asc/linux/"), readFileSync(signature));
      web.put("quay.io/aci-signing-key", signer.publicKey);
      web.put(
        "quay.io/discovery.html",
        `<meta name="ac-discovery" content="quay.io ` +
          `https://quay.io/c1/aci/{name}/{version}/{ext}/{os}/{arch}">` +
          `<meta name="ac-discovery-pubkeys" content="quay.io https://quay.io/aci-signing-key">`,
      );
    }

    async function signed(
      signer: Signer,
      name: string,
      bytes: Uint8Array,
    ): Promise<{ path: string; signature: string }> {
      const path = join(world().directory, name);
      writeFileSync(path, bytes);
      return { path, signature: await signer.sign(path) };
    }

    async function etcdAci(): Promise<Buffer> {
      const root = await unpackPackage("etcd-server", world().directory);
      const exec = [
        "/etcd",
        "--listen-client-urls=http://0.0.0.0:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
      ];
      const manifest = aciManifest({ name: "coreos.com/etcd", version: "v2.3.7", exec });
      const files = await programEntries(join(root, "usr/bin/etcd"), "/etcd");
      return aciOf([
        { path: "manifest", kind: "file", bytes: JSON.stringify(manifest) },
        { path: "rootfs", kind: "directory" },
        ...files.map((entry) => ({ ...entry, path: `rootfs/${entry.path}` })),
      ]);
    }

    async function nginxImage(): Promise<ReturnType<typeof busyboxOci>> {
      const root = await unpackPackage("nginx", world().directory);
      const files = await programEntries(join(root, "usr/sbin/nginx"), "/usr/sbin/nginx");
      const conf = [
        "daemon off; user root root; error_log stderr; events {}",
        'http { access_log off; server { listen 80; location / { return 200 "this is nginx"; } } }',
      ].join("\n");
      const places = ["etc/nginx", "run", "var/log", "var/log/nginx", "var/lib", "var/lib/nginx"];
      return busyboxOci({
        config: { Cmd: ["nginx", "-g", "daemon off;"] },
        layers: [
          [
            ...files,
            ...places.map((path) => ({ path, kind: "directory" }) as const),
            { path: "etc/nginx/nginx.conf", kind: "file", bytes: conf },
          ],
        ],
      });
    }

    const environment = (): { env: Record<string, string> } => ({
      env: { SSL_CERT_FILE: internet.authority },
    });
    /** The line as it is typed into a shell. */
    const type = (line: string): Promise<Finished> =>
      world().machine.run(["sh", "-c", line], environment());
    /** The same on a terminal, where somebody types `input`. */
    const onTerminal = (line: string, input: string): Promise<Finished> =>
      world().machine.run(["script", "-qec", line, "/dev/null"], { ...environment(), input });

    test("rkt trust --prefix=coreos.com/etcd", async () => {
      const { status, stdout } = await onTerminal("rkt trust --prefix=coreos.com/etcd", "yes\n");
      expect(status, stdout).toBe(0);
      expect(stdout).toContain('key: "https://coreos.com/dist/pubkeys/aci-pubkeys.gpg"');
      expect(stdout).toContain("CoreOS ACI Builder <release@coreos.test>");
      expect(stdout).toContain("Are you sure you want to trust this key (yes/no)?");
      expect(stdout).toContain(
        'Added key for prefix "coreos.com/etcd" at "/etc/rkt/trustedkeys/prefix.d/coreos.com/etcd/',
      );
    });

    test("rkt fetch coreos.com/etcd:v2.3.7", async () => {
      const finished = await type("rkt fetch coreos.com/etcd:v2.3.7");
      expect(succeeded(finished)).toMatch(/^sha512-[0-9a-f]{32}\n$/);
      expect(finished.stderr).toContain("image: searching for app image coreos.com/etcd\n");
      expect(finished.stderr).toContain(
        "image: signature verified:\n  CoreOS ACI Builder <release@coreos.test>\n",
      );
    });

    test("acbuild begin coreos.com/etcd:v2.3.7", async () => {
      const steps = ["begin coreos.com/etcd:v2.3.7", "cat-manifest", "end"];
      const acbuild = join(import.meta.dir, "../dist/acbuild");
      const line = [`cd ${world().directory}`, ...steps.map((step) => `${acbuild} ${step}`)].join(
        " && ",
      );
      const finished = await type(line);
      expect(JSON.parse(succeeded(finished))).toMatchObject({ name: "coreos.com/etcd" });
      expect(finished.stderr).toContain("image: signature verified:\n  CoreOS ACI Builder");
    });

    const FLY = "file:///usr/lib/rkt/stage1-images/stage1-fly.aci";
    test(`rkt fetch --insecure-options=image ${FLY}`, async () => {
      const fly = join(world().directory, "stage1-fly.aci");
      writeFileSync(fly, busyboxAci({ name: "coreos.com/rkt/stage1-fly", version: "1.20.0" }));
      const images = "/usr/lib/rkt/stage1-images";
      await world().machine.shell(`mkdir -p ${images}; cp ${fly} ${images}/`);
      const line = `rkt fetch --insecure-options=image ${FLY}`;
      expect(succeeded(await type(line))).toMatch(/^sha512-/);
    });

    for (const flavour of ["coreos", "fly", "kvm"]) {
      const place = "/root/kt-v1.20.0";
      const line = `rkt fetch --insecure-options=image file://${place}/stage1-${flavour}.aci`;
      test(line, async () => {
        const name = `coreos.com/rkt/stage1-${flavour}`;
        const path = join(world().directory, "stage1.aci");
        writeFileSync(path, busyboxAci({ name, version: "1.20.0" }));
        const copy = `mkdir ${place}; cp ${path} ${place}/stage1-${flavour}.aci`;
        await world().machine.shell(`mount -t tmpfs tmpfs /root; ${copy}`);
        expect(succeeded(await type(line))).toMatch(/^sha512-/);
        await world().machine.shell("umount /root");
      });
    }

    const fetches = [
      "https://github.com/coreos/etcd/releases/download/v2.3.7/" +
        `etcd-v2.3.7-linux-${architecture.appc}.aci`,
      "docker://busybox",
    ];
    for (const url of fetches) {
      test(`rkt fetch --insecure-options=image ${url}`, async () => {
        const finished = await type(`rkt fetch --insecure-options=image ${url}`);
        expect(succeeded(finished)).toMatch(/^sha512-/);
        expect(finished.stderr).toContain(`image: remote fetching from URL "${url}"`);
      });
    }

    const OWN = "docker://172.21.12.150:5000/busybox";
    test(`rkt fetch --insecure-options=image,http ${OWN}`, async () => {
      const plain = await type(`rkt fetch --insecure-options=image ${OWN}`);
      expect(plain.status, "plain HTTP only where it was allowed").toBe(254);
      succeeded(await type(`rkt fetch --insecure-options=image,http ${OWN}`));
    });

    test("rkt run quay.io/coreos/alpine-sh --interactive", async () => {
      // No key covers it yet: the one that quay.io offers is looked at first.
      const first = await onTerminal("rkt fetch quay.io/coreos/alpine-sh", "yes\n");
      expect(first.stdout).toContain("Are you sure you want to trust this key (yes/no)?");
      expect(first.stdout).toMatch(/image: signature verified:\s+Quay <release@quay.test>/);
      const line = "rkt run quay.io/coreos/alpine-sh --interactive";
      const { status, stdout } = await onTerminal(line, "echo answer $((6 * 7)); exit 5\n");
      expect(status).toBe(5);
      const lines = stdout.split(/\r?\n/);
      expect(lines[0] === "" ? lines.slice(1) : lines).toEqual(
        expect.arrayContaining([
          expect.stringMatching(
            /^image: using image from local store for image name coreos.com\/rkt/,
          ),
          "image: using image from local store for image name quay.io/coreos/alpine-sh",
          "networking: loading networks from /etc/rkt/net.d",
          "networking: loading network default with type ptp",
          expect.stringContaining("answer 42"),
        ]),
      );
    });

    test("rkt run docker://alpine --insecure-options=image --exec=/bin/sh", async () => {
      const line = "rkt run docker://alpine --insecure-options=image --exec=/bin/sh";
      const { status, stdout } = await onTerminal(line, "");
      expect(status, stdout).toBe(0);
      expect(stdout).toContain('image: remote fetching from URL "docker://alpine"');
      expect(stdout).toMatch(/Downloading sha256:[0-9a-f]{11} /);
    });

    test("rkt run --insecure-options=image --interactive docker://busybox --exec sh", async () => {
      const line = "rkt run --insecure-options=image --interactive docker://busybox --exec sh";
      const { stdout } = await onTerminal(line, "echo answer $((6 * 7)); exit\n");
      expect(stdout).toContain("answer 42");
    });

    /** The address of the one pod that runs. */
    const address = (): Promise<string> =>
      eventually("a pod runs and has an address", async () => {
        const list = await type("rkt list --no-legend");
        const running = list.stdout.split("\n").filter((line) => line.includes("running"));
        return /ip4=([\d.]+)/.exec(running.join(" "))?.[1];
      });
    const get = (url: string): Promise<string> =>
      eventually(`${url} answers`, async () => {
        const { status, stdout } = await type(`busybox wget -qO- ${url}`);
        return status === 0 ? stdout : undefined;
      });
    async function running(line: string, look: (ip: string) => Promise<void>): Promise<Finished> {
      const pod: Background = await startInBackground(
        world().machine,
        ["sh", "-c", `exec ${line}`],
        environment(),
      );
      await look(await address());
      await type("rkt stop $(rkt list --no-legend --full | awk '/running/ { print $1 }')");
      return await pod.finished;
    }

    test("rkt run coreos.com/etcd:v2.3.7 --memory=128M", async () => {
      const line = "rkt run coreos.com/etcd:v2.3.7 --memory=128M";
      const { stderr } = await running(line, async (ip) => {
        expect(await get(`http://${ip}:2379/version`)).toContain('"etcdserver":');
        const limit = await world().machine.shell(LIMIT_OF_ETCD);
        expect(limit.trim()).toBe(String(128 * 1000 * 1000));
      });
      expect(stderr).toContain(
        "using image from local store for image name coreos.com/etcd:v2.3.7",
      );
    });

    const NGINX = "docker://nginx --exec /usr/sbin/nginx";
    const TWO_APPS = `rkt run --insecure-options=image ${NGINX} coreos.com/etcd:v2.3.7`;
    test(TWO_APPS, async () => {
      await running(TWO_APPS, async (ip) => {
        expect(await get(`http://${ip}/`)).toBe("this is nginx");
        expect(await get(`http://${ip}:2379/version`)).toContain('"etcdserver":');
      });
    });

    const OTHER = "coreos.com/rkt/stage1-fly:1.20.0";
    const BY_FLY = `rkt run --insecure-options=image --stage1-name=${OTHER} ${NGINX}`;
    test(BY_FLY, async () => {
      expect(refused(await type(BY_FLY)), "the one fetched above is none").toBe(
        `run: image "${OTHER}" is no stage1: it has no coreos.com/rkt/stage1/run`,
      );
      succeeded(await type(`rkt image rm ${OTHER}`));
      const absent = refused(await type(BY_FLY));
      expect(absent).toContain(`"coreos.com/rkt/stage1-fly`);
    });

    test("rkt run coreos.com/etcd:v2.3.7", async () => {
      await running("rkt run coreos.com/etcd:v2.3.7", async (ip) => {
        expect(await get(`http://${ip}:2379/version`)).toContain('"etcdserver":');
      });
    });

    test("rkt list; rkt gc --grace-period=0s", async () => {
      expect(succeeded(await type("rkt list"))).toMatch(/^UUID\s+APP\s+IMAGE NAME\s+STATE/);
      succeeded(await type("rkt gc --grace-period=0s"));
      expect(succeeded(await type("rkt list --no-legend"))).toBe("");
    });

    test("rkt image list; rkt image gc --grace-period=0s", async () => {
      const list = succeeded(await type("rkt image list"));
      for (const name of ["coreos.com/etcd:v2.3.7", "quay.io/coreos/alpine-sh"]) {
        expect(list).toContain(name);
      }
      succeeded(await type("rkt image gc --grace-period=0s"));
      expect(succeeded(await type("rkt image list --no-legend"))).toBe("");
      const left = "find /var/lib/rkt/cas/layers /var/lib/rkt/cas/tmp -mindepth 1";
      expect(await world().machine.shell(left)).toBe("");
      await world().machine.shell("umount /var/lib/rkt; rm -rf /etc/rkt /usr/lib/rkt /var/lib/rkt");
    });
  },
);

/**
 * The part of the Internet that rkt's first users saw, inside one machine: web servers of
 * coreos.com, quay.io and github.com, the registry of Docker, and a registry of their own at
 * 172.21.12.150. All of it is real: TLS with an authority of the test, names from /etc/hosts,
 * Debian's docker-registry. The machine's /etc and /usr may be written to and are thrown away.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAuthority } from "../fixtures/authority.ts";
import { type OciImage, writeLayout } from "../fixtures/oci.ts";
import { startServer } from "../fixtures/process.ts";
import { startWebSite, type WebSite } from "../fixtures/web-site.ts";
import type { MachineOptions } from "./machine.ts";
import { RKT, type World } from "./world.ts";

const OWN_REGISTRY = "172.21.12.150";
const HUB = "127.0.0.2";
const WEB_NAMES = [
  "coreos.com",
  "quay.io",
  "github.com",
  "objects.githubusercontent.com",
  "example.test",
  "mirror.test",
  "nowhere.test",
];
const HUB_NAMES = ["registry-1.docker.io"];
/** Another one than the local registry of other tests, which choose free ports. */
const HUB_PORT = 443;

/** What is written below the path stays in memory. */
const overlay = (path: string, name: string): string => `
mkdir -p /run/${name}-upper /run/${name}-work
options=lowerdir=${path},upperdir=/run/${name}-upper,workdir=/run/${name}-work
mount -t overlay -o "$options" overlay ${path}
`;

const HOSTS = [
  "127.0.0.1 localhost",
  `127.0.0.1 ${WEB_NAMES.join(" ")}`,
  `${HUB} ${HUB_NAMES.join(" ")}`,
];

/** For `feature`: names, addresses, and `rkt` where a package would put it. */
export const INTERNET: MachineOptions = {
  setUp: `
${overlay("/etc", "etc")}
${overlay("/usr", "usr")}
ip address add ${OWN_REGISTRY}/32 dev lo
printf '%s\\n' ${HOSTS.map((line) => `'${line}'`).join(" ")} >/etc/hosts
rm -rf /etc/rkt /usr/lib/rkt
ln -sf ${RKT} /usr/bin/rkt
`,
};

export interface Internet extends AsyncDisposable {
  readonly web: WebSite;
  /** PEM file of the authority that signed all certificates. */
  readonly authority: string;
  /** Puts an image into both registries; the name is `library/busybox`. */
  push(repository: string, image: OciImage): Promise<void>;
}

/** Starts all servers inside the world's machine, which must have been made with `INTERNET`. */
export async function startInternet({ directory, machine }: World): Promise<Internet> {
  await using stack = new AsyncDisposableStack();
  const authority = await createAuthority(directory);
  const within = machine.beside;
  const certificate = await authority.certify(WEB_NAMES);
  // Bun looks for itself in /proc, where the machine shows only its own processes.
  const onlyNetwork = within.filter((word) => word !== "--mount");
  const web = stack.use(await startWebSite({ directory, within: onlyNetwork, certificate }));
  const storage = join(directory, "registry");
  const hub = await authority.certify(HUB_NAMES);
  const tls = `{ certificate: ${hub.chain}, key: ${hub.key} }`;
  for (const [name, lines] of [
    ["hub", `{ addr: '${HUB}:${HUB_PORT}', tls: ${tls} }`],
    ["own", `{ addr: '${OWN_REGISTRY}:5000' }`],
  ] as const) {
    const config = join(directory, `${name}.yml`);
    writeFileSync(config, registryConfiguration(storage, lines));
    const argv = [...within, "/usr/bin/docker-registry", "serve", config];
    stack.use(await startServer(argv, /listening on/));
  }
  const done = stack.move();
  return {
    web,
    authority: authority.file,
    push: async (repository, image) => {
      const layout = writeLayout(join(directory, "push", repository), image);
      const push = join(import.meta.dir, "../fixtures/registry.ts");
      const address = `${OWN_REGISTRY}:5000`;
      const program = [process.execPath, "run", push, address, repository, "latest", layout];
      const { status, stderr } = await machine.run(program);
      if (status !== 0) throw new Error(`push ${repository}: ${stderr}`);
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

/** Both registries serve one storage. */
function registryConfiguration(storage: string, http: string): string {
  return [
    "version: 0.1",
    "log: { level: info, accesslog: { disabled: true } }",
    `storage: { filesystem: { rootdirectory: ${storage} } }`,
    `http: ${http}`,
    "",
  ].join("\n");
}

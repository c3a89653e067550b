/**
 * The controllers that an API is broken without, as kubectl sees them: namespaces are furnished and
 * emptied, what nobody owns goes, owners wait or let go as they are asked to.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { join } from "node:path";
import { connect } from "node:tls";
import { must, run, type Server, startServer } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const directory = temporaryDirectory("controllers");
const kubeconfig = join(directory.path, "kubeconfig");

let server: Server;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  const range = "--service-cluster-ip-range=10.0.0.0/24";
  const flags = ["--only=api", "--datastore=memory", "--port=0", range];
  const paths = [`--data-dir=${join(directory.path, "data")}`, `--write-kubeconfig=${kubeconfig}`];
  server = await startServer([RKTNETES, "server", ...flags, ...paths], /ready on (\S+)\n/);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const KUBECTL = [
  "kubectl",
  `--kubeconfig=${kubeconfig}`,
  `--cache-dir=${join(directory.path, "cache")}`,
];

async function kubectl(...words: string[]): Promise<string> {
  return await must([...KUBECTL, ...words]);
}

async function exists(...words: string[]): Promise<boolean> {
  const { status } = await run([...KUBECTL, "get", ...words]);
  return status === 0;
}

/** Controllers answer a moment after the server does. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await holds()) return;
    await Bun.sleep(100);
  }
  throw new Error(`in vain: ${what}`);
}

async function create(object: object): Promise<string> {
  const file = join(directory.path, `${crypto.randomUUID()}.json`);
  await Bun.write(file, JSON.stringify(object));
  return await kubectl("create", "-f", file, "-o=jsonpath={.metadata.uid}");
}

function configMap(name: string, owners: readonly object[] = []): object {
  const metadata = { name, namespace: "default", ownerReferences: owners };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

function ownedBy(name: string, uid: string): object {
  return { apiVersion: "v1", kind: "ConfigMap", name, uid, blockOwnerDeletion: true };
}

test("a namespace gets its service account and the authority of the server", async () => {
  await kubectl("create", "namespace", "furnished");
  await until("the account comes", async () => await exists("-n=furnished", "sa", "default"));
  const path = "jsonpath={.data.ca\\.crt}";
  const map = ["-n=furnished", "get", "configmap", "kube-root-ca.crt", `-o=${path}`];
  await until(
    "the authority comes",
    async () => await exists("-n=furnished", "cm", "kube-root-ca.crt"),
  );
  expect(await kubectl(...map)).toStartWith("-----BEGIN CERTIFICATE-----");
});

const PORT = "-o=jsonpath={.ports[0].port}";
const SERVICE = ["-n=default", "get", "service/kubernetes"];
const ADDRESS = "-o=jsonpath={.spec.clusterIP} {.spec.ports[0].port}";

/** The first address of the range, whatever that is. */
const FIRST = /^10\.\d+\.0\.1 443$/;

// whether it comes back is asked at the end: it takes some seconds
test("the API server is a service from the start", async () => {
  expect(await kubectl(...SERVICE, ADDRESS)).toMatch(FIRST);
  const owner = "-o=jsonpath={.items[*].spec.parentRef.name}";
  expect(await kubectl("get", "ipaddresses", owner)).toContain("kubernetes");
  await kubectl("-n=default", "delete", "service/kubernetes");
});

test("a circle of owners goes, and keeps nobody else from being served", async () => {
  const names = ["circle-a", "circle-b", "circle-c"];
  const uids = await Promise.all(names.map(async (name) => await create(configMap(name))));
  for (const [at, name] of names.entries()) {
    const owner = (at + 2) % 3;
    const ownerReferences = [ownedBy(names[owner] ?? "", uids[owner] ?? "")];
    const patch = `--patch=${JSON.stringify({ metadata: { ownerReferences } })}`;
    await kubectl("patch", "configmap", name, "--type=merge", patch);
  }
  await kubectl("delete", "configmap", "circle-a", "--cascade=foreground", "--wait=false");
  await until("all of them go", async () => {
    const left = await kubectl("get", "configmaps", "-o=name");
    return !left.includes("circle-");
  });
});

test("the API server proves itself under the address that it publishes", async () => {
  const path = "-o=jsonpath={.endpoints[0].addresses[0]}";
  const address = await kubectl("-n=default", "get", "endpointslice/kubernetes", path);
  expect(address).not.toStartWith("127.");
  const port = Number(await kubectl("-n=default", "get", "endpointslice/kubernetes", PORT));
  const socket = connect({ port, host: "127.0.0.1", ca: await authority() });
  await once(socket, "secureConnect");
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  expect(subjectaltname).toContain(`IP Address:${address}`);
});

async function authority(): Promise<string> {
  const path = "-o=jsonpath={.clusters[0].cluster.certificate-authority-data}";
  return Buffer.from(await kubectl("config", "view", "--raw", path), "base64").toString();
}

test("an account that somebody deletes comes back", async () => {
  await until("the account is there", async () => await exists("sa", "default"));
  const uid = "-o=jsonpath={.metadata.uid}";
  const before = await kubectl("get", "sa", "default", uid);
  await kubectl("delete", "sa", "default");
  await until("it comes back", async () => await exists("sa", "default"));
  expect(await kubectl("get", "sa", "default", uid)).not.toBe(before);
});

test("a namespace goes with all that is in it, custom objects included", async () => {
  await kubectl("create", "namespace", "full");
  await kubectl("-n=full", "create", "configmap", "a");
  await kubectl("-n=full", "create", "deployment", "b", "--image=i");
  await kubectl("delete", "namespace", "full", "--timeout=20s");
  expect(await exists("namespace", "full")).toBeFalse();
});

test("a namespace says what holds it", async () => {
  await kubectl("create", "namespace", "held");
  await kubectl("-n=held", "create", "configmap", "a");
  const hold = '{"metadata":{"finalizers":["example.com/hold"]}}';
  await kubectl("-n=held", "patch", "configmap", "a", "--type=merge", "-p", hold);
  await kubectl("delete", "namespace", "held", "--wait=false");
  const message =
    '-o=jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}';
  const words = "Some content in the namespace has finalizers remaining: example.com/hold in 1";
  await until("it says so", async () =>
    (await kubectl("get", "namespace", "held", message)).startsWith(words),
  );
  const free = '{"metadata":{"finalizers":null}}';
  await kubectl("-n=held", "patch", "configmap", "a", "--type=merge", "-p", free);
  await until("it goes", async () => !(await exists("namespace", "held")));
});

test("what is owned goes with its last owner", async () => {
  const first = await create(configMap("first"));
  const second = await create(configMap("second"));
  await create(configMap("owned", [ownedBy("first", first), ownedBy("second", second)]));
  await kubectl("delete", "configmap", "first");
  const owners = "-o=jsonpath={.metadata.ownerReferences[*].name}";
  await until(
    "one owner is left",
    async () => (await kubectl("get", "configmap", "owned", owners)) === "second",
  );
  await kubectl("delete", "configmap", "second");
  await until("it goes", async () => !(await exists("configmap", "owned")));
});

test("what names an owner that never was goes", async () => {
  await create(configMap("stray", [ownedBy("nobody", crypto.randomUUID())]));
  await until("it goes", async () => !(await exists("configmap", "stray")));
});

test("an owner of the same name and another uid is no owner", async () => {
  await create(configMap("other"));
  await create(configMap("mistaken", [ownedBy("other", crypto.randomUUID())]));
  await until("it goes", async () => !(await exists("configmap", "mistaken")));
  expect(await exists("configmap", "other")).toBeTrue();
});

test("dependents stay without an owner when they are orphaned", async () => {
  const uid = await create(configMap("parent"));
  await create(configMap("orphan", [ownedBy("parent", uid)]));
  await kubectl("delete", "configmap", "parent", "--cascade=orphan");
  await until("the owner goes", async () => !(await exists("configmap", "parent")));
  expect(
    await kubectl("get", "configmap", "orphan", "-o=jsonpath={.metadata.ownerReferences}"),
  ).toBe("");
});

test("an owner waits for what blocks its deletion", async () => {
  const uid = await create(configMap("waits"));
  await create(configMap("blocks", [ownedBy("waits", uid)]));
  const hold = '{"metadata":{"finalizers":["example.com/hold"]}}';
  await kubectl("patch", "configmap", "blocks", "--type=merge", "-p", hold);
  await kubectl("delete", "configmap", "waits", "--cascade=foreground", "--wait=false");
  const going = "-o=jsonpath={.metadata.deletionTimestamp}";
  await until(
    "the dependent is deleted",
    async () => (await kubectl("get", "configmap", "blocks", going)) !== "",
  );
  expect(await exists("configmap", "waits")).toBeTrue();
  await kubectl(
    "patch",
    "configmap",
    "blocks",
    "--type=merge",
    "-p",
    '{"metadata":{"finalizers":null}}',
  );
  await until("both go", async () => !(await exists("configmap", "waits")));
  expect(await exists("configmap", "blocks")).toBeFalse();
});

test("the API server is a service again, though somebody took it away", async () => {
  await until("it is back", async () => await exists("-n=default", "service/kubernetes"));
  expect(await kubectl(...SERVICE, ADDRESS)).toMatch(FIRST);
});

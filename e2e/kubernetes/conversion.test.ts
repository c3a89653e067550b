/**
 * A custom kind of two versions that a program of its own converts, over TLS with an authority of
 * its own: through kubectl, as authors of operators use it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import {
  type Kubectl,
  KUBECTL_SUITES,
  kubectlOf,
  lacksKubectl,
  says as saysOf,
} from "../fixtures/kubectl.ts";
import { must } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("conversion");
const suite = KUBECTL_SUITES.findLast((each) => lacksKubectl(each) === undefined);

let server: ApiServer;
let kubectl: Kubectl;
let program: Server;
let clientConfig = "";

interface CronTab {
  readonly apiVersion: string;
  readonly hostPort?: string;
  readonly host?: string;
  readonly port?: string;
}

interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: readonly CronTab[];
  };
}

function answer({ kind, apiVersion, request }: Review): string {
  const { uid, desiredAPIVersion, objects } = request;
  const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
  const response = { uid, result: { status: "Success" }, convertedObjects };
  return JSON.stringify({ kind, apiVersion, response });
}

/** `hostPort` of v1 is `host` and `port` of v2. */
function convert({ hostPort = "", host = "", port = "", ...rest }: CronTab, apiVersion: string) {
  if (apiVersion.endsWith("/v1")) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [first = "", second = ""] = hostPort.split(":");
  return { ...rest, apiVersion, host: first, port: second };
}

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await startApiServer(directory.path);
  kubectl = kubectlOf(suite ?? "testing", server.kubeconfig, directory.path);
  const authority = await createAuthority(directory.path);
  const { key, chain } = await authority.certify(["127.0.0.1"]);
  const secrets = { key: readFileSync(key), cert: readFileSync(chain) };
  program = createServer(secrets, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.end(answer(JSON.parse(Buffer.concat(parts).toString()) as Review));
    });
  });
  await new Promise<void>((resolve) => program.listen(0, "127.0.0.1", resolve));
  const { port } = program.address() as AddressInfo;
  const caBundle = readFileSync(authority.file).toString("base64");
  clientConfig = `{url: "https://127.0.0.1:${port}/crdconvert", caBundle: ${caBundle}}`;
});

afterAll(async () => {
  program.close();
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const says = (args: readonly string[], input?: string, status?: number): Promise<string> =>
  saysOf(kubectl, args, { input, status });

function definition(storage: "v1" | "v2"): string {
  return `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab}
  conversion:
    strategy: Webhook
    webhook: {conversionReviewVersions: [v1, v1beta1], clientConfig: ${clientConfig}}
  versions:
  - name: v1
    served: true
    storage: ${storage === "v1"}
    additionalPrinterColumns: [{name: Address, type: string, jsonPath: .hostPort}]
    schema: {openAPIV3Schema: {type: object, properties: {hostPort: {type: string}}}}
  - name: v2
    served: true
    storage: ${storage === "v2"}
    additionalPrinterColumns: [{name: Host, type: string, jsonPath: .host}]
    schema:
      openAPIV3Schema:
        type: object
        properties: {host: {type: string}, port: {type: string, description: The port of v2}}
`;
}

const V1 = "crontabs.v1.stable.example.com";
const V2 = "crontabs.v2.stable.example.com";
const apply = ["apply", "-f", "-"];

function cronTab(version: string, name: string, fields: string): string {
  const head = `{apiVersion: stable.example.com/${version}, kind: CronTab`;
  return `${head}, metadata: {name: ${name}}, ${fields}}`;
}

test.skipIf(suite === undefined)("objects are shown and taken in every version", async () => {
  await says(apply, definition("v1"));
  await says(apply, cronTab("v1", "one", 'hostPort: "localhost:8080"'));
  expect(await says(["get", V2, "one", "-o", "jsonpath={.host} {.port}"])).toBe("localhost 8080");
  await says(apply, cronTab("v2", "two", 'host: here, port: "1"'));
  expect(await says(["get", V1, "two", "-o", "jsonpath={.hostPort}"])).toBe("here:1");
  expect(await says(["get", V1])).toMatch(/ADDRESS\none\s+localhost:8080\ntwo\s+here:1\n/);
  await says(["patch", V2, "two", "--type=merge", "-p", '{"port":"2"}']);
  expect(await says(["get", V1, "two", "-o", "jsonpath={.hostPort}"])).toBe("here:2");
  expect(await says(["explain", "crontabs.port", "--api-version=stable.example.com/v2"])).toContain(
    "The port of v2",
  );
});

test.skipIf(suite === undefined)("the version that is stored may change", async () => {
  await says(apply, definition("v2"));
  await says(apply, cronTab("v1", "three", 'hostPort: "there:3"'));
  expect(await says(["get", V2])).toMatch(/HOST\none\s+localhost\nthree\s+there\ntwo\s+here\n/);
  expect(await says(["get", V1, "-o", "jsonpath={.items[*].hostPort}"])).toBe(
    "localhost:8080 there:3 here:2",
  );
  const stored = ["get", "crd", "crontabs.stable.example.com"];
  expect(await says([...stored, "-o", "jsonpath={.status.storedVersions}"])).toBe('["v1","v2"]');
});

test.skipIf(suite === undefined)("without its program a kind has what it stores", async () => {
  program.closeAllConnections();
  await new Promise<void>((resolve) => program.close(() => resolve()));
  expect(await says(["get", V2, "three", "-o", "jsonpath={.host}"])).toBe("there");
  expect(await says(["get", V1, "three"], "", 1)).toMatch(
    /conversion webhook for stable.example.com\/v2, Kind=CronTab failed: Post "https:.*refused/,
  );
  const four = cronTab("v1", "four", 'hostPort: "a:1"');
  expect(await says(["create", "-f", "-"], four, 1)).toContain(
    "conversion webhook for stable.example.com/v1, Kind=CronTab failed",
  );
  await says(["delete", V2, "three"]);
  await says(["delete", "crd", "crontabs.stable.example.com", "--timeout=20s"]);
});

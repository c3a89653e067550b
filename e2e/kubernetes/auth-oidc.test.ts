/**
 * People of an OpenID Connect provider use kubectl with their ID tokens: through flags, and through
 * a configuration file with expressions.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import { type Kubectl, KUBECTL_SUITES, kubectlOf, lacksKubectl } from "../fixtures/kubectl.ts";
import { type OidcProvider, startOidcProvider } from "../fixtures/oidc-provider.ts";
import { must } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("auth-oidc");
const suite = KUBECTL_SUITES.findLast((each) => lacksKubectl(each) === undefined) ?? "testing";

let provider: OidcProvider;
let authorityFile = "";

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  const authority = await createAuthority(directory.path);
  authorityFile = authority.file;
  provider = await startOidcProvider(authority);
});

afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** A server, and a kubectl that comes with a token and nothing else. */
async function startWith(
  name: string,
  flags: readonly string[],
): Promise<{ server: ApiServer; admin: Kubectl; as: (token: string) => Kubectl }> {
  const home = temporaryDirectory(`auth-oidc-${name}`);
  const server = await startApiServer(home.path, flags);
  const file = join(home.path, "tokens");
  writeFileSync(file, withoutKeys(readFileSync(server.kubeconfig, "utf8")));
  const plain = kubectlOf(suite, file, home.path);
  const stop = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  };
  return {
    server: { ...server, [Symbol.asyncDispose]: stop },
    admin: kubectlOf(suite, server.kubeconfig, home.path),
    as: (token) => (args, options) => plain([...args, `--token=${token}`], options),
  };
}

function withoutKeys(kubeconfig: string): string {
  return kubeconfig
    .replace(/\n +client-(certificate|key)-data: .*/g, "")
    .replace("user:\n", "user: {}\n");
}

const UNKNOWN = /You must be logged in|Unauthorized/;

test("a person of the provider is a user, with groups, and may what these may", async () => {
  const { server, admin, as } = await startWith("flags", [
    `--oidc-issuer-url=${provider.issuer}`,
    "--oidc-client-id=kubernetes",
    "--oidc-groups-claim=groups",
    "--oidc-groups-prefix=idp:",
    `--oidc-ca-file=${authorityFile}`,
  ]);
  await using _server = server;
  const jane = as(await provider.login("jane"));
  expect((await jane(["get", "configmaps"])).stderr).toContain(
    `User "${provider.issuer}#jane" cannot list resource "configmaps"`,
  );
  const bind = ["create", "rolebinding", "devs", "--clusterrole=view", "--group=idp:devs"];
  expect((await admin(bind)).status).toBe(0);
  expect(await jane(["get", "configmaps"])).toMatchObject({ status: 0 });
  const stranger = as(await provider.login("jane", "other"));
  expect((await stranger(["get", "configmaps"])).stderr).toMatch(UNKNOWN);
  await expectSpoiled(as, await provider.login("jane"));
});

/** What was changed, or signed by nobody, is no token. */
async function expectSpoiled(as: (token: string) => Kubectl, token: string): Promise<void> {
  const [head = "", claims = "", signature = ""] = token.split(".");
  const text = Buffer.from(claims, "base64url").toString();
  const others = Buffer.from(text.replace('"jane"', '"root"')).toString("base64url");
  const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
  const [over] = [text.replace(/"exp":\d+/, '"exp":1')].map((each) =>
    Buffer.from(each).toString("base64url"),
  );
  const spoiled = [
    `${head}.${others}.${signature}`,
    `${unsigned}.${claims}.`,
    `${head}.${over ?? ""}.${signature}`,
    `${head}.${claims}.`,
  ];
  for (const each of spoiled) {
    expect((await as(each)(["get", "configmaps"])).stderr).toMatch(UNKNOWN);
  }
}

test("tokens of a new key are good as soon as the provider has it", async () => {
  const { server, as } = await startWith("keys", [
    `--oidc-issuer-url=${provider.issuer}`,
    "--oidc-client-id=kubernetes",
    `--oidc-ca-file=${authorityFile}`,
  ]);
  await using _server = server;
  const before = await provider.login("jane");
  expect((await as(before)(["auth", "whoami"])).status).toBe(0);
  await provider.changeKey();
  const after = as(await provider.login("jane"));
  while ((await after(["auth", "whoami"])).status !== 0) await Bun.sleep(200);
  expect((await as(before)(["auth", "whoami"])).stderr).toMatch(UNKNOWN);
});

test("a file maps claims by expressions, and refuses whom it does not want", async () => {
  const file = join(directory.path, "authentication.yaml");
  const pem = readFileSync(authorityFile, "utf8").trim().replaceAll("\n", "\n        ");
  writeFileSync(
    file,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous: {enabled: true, conditions: [{path: /livez}]}
jwt:
- issuer:
    url: ${provider.issuer}
    audiences: [kubernetes, other]
    audienceMatchPolicy: MatchAny
    certificateAuthority: |
        ${pem}
  claimMappings:
    username: {expression: "claims.email_verified ? claims.email : ''"}
    groups: {expression: "claims.groups.map(g, 'idp:' + g)"}
    uid: {claim: sub}
    extra: [{key: example.com/client, valueExpression: claims.aud}]
  claimValidationRules: [{expression: "claims.exp - claims.iat <= 3600", message: too long}]
  userValidationRules:
  - {expression: "!user.username.startsWith('root@')", message: no root here}
`,
  );
  const { server, as } = await startWith("file", [`--authentication-config=${file}`]);
  await using _server = server;
  const whoami = ["auth", "whoami", "-o", "json"];
  const said = await as(await provider.login("jane", "other"))(whoami);
  const { status } = JSON.parse(said.stdout) as { status: { userInfo: object } };
  expect(status.userInfo).toMatchObject({
    username: "jane@example.com",
    uid: "jane",
    groups: ["idp:devs", "idp:ops", "system:authenticated"],
    extra: { "example.com/client": ["other"] },
  });
  for (const person of ["root", "mallory"]) {
    expect((await as(await provider.login(person))(whoami)).stderr).toMatch(UNKNOWN);
  }
  const tls = { rejectUnauthorized: false };
  expect((await fetch(`${server.url}/livez`, { tls })).status).toBe(200);
  expect((await fetch(`${server.url}/readyz`, { tls })).status).toBe(401);
});

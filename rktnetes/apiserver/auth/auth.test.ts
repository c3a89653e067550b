/** Who asks and what they may do, on a whole server: tokens, roles, nodes, impersonation. */
import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { JsonObject } from "@rktnetes/api/schema";
import type { ServiceAccount } from "@rktnetes/api/types/core-v1";
import { create } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { readDeleteOptions } from "../registry/options/delete-options.ts";
import { type Cluster, ISSUER, openCluster } from "../testing/cluster.ts";
import type { Attributes, User } from "./user.ts";

const RBAC = "rbac.authorization.k8s.io";

interface Made {
  readonly group?: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly object: JsonObject;
  readonly user?: User;
}

async function make(
  cluster: Cluster,
  { group = "", plural, object, ...rest }: Made,
): Promise<JsonObject> {
  const { namespace = "", user } = rest;
  const resource = await cluster.resource(group, plural);
  const asking = cluster.request({ namespace, ...(user === undefined ? {} : { user }) });
  return (await create(cluster.registry, resource, object, asking)).object.copy();
}

async function drop(cluster: Cluster, plural: string, name: string): Promise<void> {
  const resource = await cluster.resource("", plural);
  const options = readDeleteOptions({ gracePeriodSeconds: 0 }, new URLSearchParams());
  const asking = cluster.request({ namespace: "default", name });
  await deleteObject(cluster.registry, resource, { ...asking, options });
}

function user(name: string, ...groups: string[]): User {
  return { name, uid: "", groups: [...groups, "system:authenticated"], extra: {} };
}

function about(verb: string, resource: string, more: Partial<Attributes> = {}): Attributes {
  const base = { isResource: true, path: "", group: "", version: "v1", subresource: "", name: "" };
  return { ...base, verb, resource, namespace: "default", ...more };
}

async function may(cluster: Cluster, who: User, what: Attributes): Promise<boolean> {
  return (await cluster.server.auth.authorizer.authorize(who, what)).allowed;
}

async function openAccount(cluster: Cluster): Promise<ServiceAccount> {
  const object = { metadata: { name: "app" } };
  const made = await make(cluster, { plural: "serviceaccounts", namespace: "default", object });
  return made as unknown as ServiceAccount;
}

test("a token is good for its account, its audience and its time", async () => {
  await using cluster = await openCluster();
  const account = await openAccount(cluster);
  const { tokens, authenticator } = cluster.server.auth;
  const { token } = tokens.issue({ account, audiences: [ISSUER], seconds: 600 });
  const verdict = await authenticator.check(token, [ISSUER]);
  expect(verdict).toMatchObject({
    type: "user",
    user: {
      name: "system:serviceaccount:default:app",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default"],
    },
  });
  expect((await authenticator.check(token, ["elsewhere"])).type).toBe("bad");
  const past = tokens.issue({ account, audiences: [ISSUER], seconds: -3600 });
  expect(await authenticator.check(past.token, [ISSUER])).toMatchObject({
    type: "bad",
    why: "token has expired",
  });
  await drop(cluster, "serviceaccounts", "app");
  expect((await authenticator.check(token, [ISSUER])).type).toBe("bad");
});

test("a token of an account that was made anew is not believed", async () => {
  await using cluster = await openCluster();
  const account = await openAccount(cluster);
  const { tokens, authenticator } = cluster.server.auth;
  const { token } = tokens.issue({ account, audiences: [ISSUER], seconds: 600 });
  await drop(cluster, "serviceaccounts", "app");
  await openAccount(cluster);
  expect(await authenticator.check(token, [ISSUER])).toMatchObject({
    type: "bad",
    why: "service account UID does not match",
  });
});

test("a token that is bound to a secret goes with it", async () => {
  await using cluster = await openCluster();
  const account = await openAccount(cluster);
  const object = { metadata: { name: "s" } };
  const secret = await make(cluster, { plural: "secrets", namespace: "default", object });
  const { uid } = secret["metadata"] as { uid: string };
  const { tokens, authenticator } = cluster.server.auth;
  const bound = { kind: "Secret", name: "s", uid } as const;
  const { token } = tokens.issue({ account, audiences: [ISSUER], seconds: 600, bound });
  expect((await authenticator.check(token, [ISSUER])).type).toBe("user");
  await drop(cluster, "secrets", "s");
  expect((await authenticator.check(token, [ISSUER])).type).toBe("bad");
});

test("a secret for a token is filled; its token is good while the secret is there", async () => {
  await using cluster = await openCluster();
  await openAccount(cluster);
  const annotations = { "kubernetes.io/service-account.name": "app" };
  const object = {
    metadata: { name: "t", annotations },
    type: "kubernetes.io/service-account-token",
  };
  await make(cluster, { plural: "secrets", namespace: "default", object });
  const secrets = await cluster.resource("", "secrets");
  const tokenOf = async (): Promise<string> => {
    const found = await cluster.registry.find(secrets, "default", "t");
    const data = (found?.object["data"] ?? {}) as Record<string, string>;
    return Buffer.from(data["token"] ?? "", "base64").toString();
  };
  for (let tries = 0; tries < 200 && (await tokenOf()) === ""; tries++) {
    await cluster.server.host.clock.sleep(5);
  }
  const { authenticator } = cluster.server.auth;
  const token = await tokenOf();
  expect(await authenticator.check(token, [ISSUER])).toMatchObject({
    user: { name: "system:serviceaccount:default:app" },
  });
  await drop(cluster, "secrets", "t");
  expect((await authenticator.check(token, [ISSUER])).type).toBe("bad");
});

test("tokens with another signature, or none, are nobody's", async () => {
  await using cluster = await openCluster();
  await using other = await openCluster();
  const account = await openAccount(cluster);
  const { authenticator, tokens } = cluster.server.auth;
  const order = { account, audiences: [ISSUER], seconds: 600 };
  const foreign = other.server.auth.tokens.issue(order).token;
  expect((await authenticator.check(foreign, [ISSUER])).type).toBe("unknown");
  const [, payload = ""] = tokens.issue(order).token.split(".");
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${part({ alg: "none" })}.${payload}.`;
  expect((await authenticator.check(unsigned, [ISSUER])).type).toBe("unknown");
  const signed = `${part({ alg: "HS256" })}.${payload}`;
  const key = JSON.stringify(tokens.keySet());
  const mac = createHmac("sha256", key).update(signed).digest("base64url");
  expect((await authenticator.check(`${signed}.${mac}`, [ISSUER])).type).toBe("unknown");
});

test("bootstrap tokens let machines in until they expire", async () => {
  await using cluster = await openCluster();
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const secret = (id: string, expiration: string): Promise<JsonObject> =>
    make(cluster, {
      plural: "secrets",
      namespace: "kube-system",
      object: {
        metadata: { name: `bootstrap-token-${id}` },
        type: "bootstrap.kubernetes.io/token",
        data: {
          "token-id": base64(id),
          "token-secret": base64("0123456789abcdef"),
          "usage-bootstrap-authentication": base64("true"),
          "auth-extra-groups": base64("system:bootstrappers:workers"),
          expiration: base64(expiration),
        },
      },
    });
  await secret("abcdef", "2999-01-01T00:00:00Z");
  await secret("fedcba", "2001-01-01T00:00:00Z");
  const { authenticator } = cluster.server.auth;
  expect(await authenticator.check("abcdef.0123456789abcdef", [ISSUER])).toMatchObject({
    user: {
      name: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:bootstrappers:workers"],
    },
  });
  expect((await authenticator.check("abcdef.0123456789abcdeX", [])).type).toBe("unknown");
  expect((await authenticator.check("abcdef.0123456789abcde0", [])).type).toBe("unknown");
  expect((await authenticator.check("fedcba.0123456789abcdef", [])).type).toBe("unknown");
});

test("roles allow what they say, where they are bound, at once", async () => {
  await using cluster = await openCluster();
  const jane = user("jane");
  expect(await may(cluster, jane, about("get", "pods"))).toBe(false);
  await make(cluster, {
    group: RBAC,
    plural: "roles",
    namespace: "default",
    object: {
      metadata: { name: "r" },
      rules: [
        { apiGroups: [""], resources: ["pods", "*/log"], verbs: ["get"] },
        { apiGroups: [""], resources: ["configmaps"], resourceNames: ["one"], verbs: ["*"] },
      ],
    },
  });
  await make(cluster, {
    group: RBAC,
    plural: "rolebindings",
    namespace: "default",
    object: {
      metadata: { name: "b" },
      subjects: [{ kind: "User", apiGroup: RBAC, name: "jane" }],
      roleRef: { apiGroup: RBAC, kind: "Role", name: "r" },
    },
  });
  expect(await may(cluster, jane, about("get", "pods"))).toBe(true);
  expect(await may(cluster, jane, about("get", "pods", { subresource: "log" }))).toBe(true);
  expect(await may(cluster, jane, about("get", "pods", { subresource: "exec" }))).toBe(false);
  expect(await may(cluster, jane, about("get", "pods", { namespace: "kube-system" }))).toBe(false);
  expect(await may(cluster, jane, about("get", "pods", { group: "apps" }))).toBe(false);
  expect(await may(cluster, jane, about("update", "configmaps", { name: "one" }))).toBe(true);
  expect(await may(cluster, jane, about("list", "configmaps"))).toBe(false);
  expect(await may(cluster, user("joe"), about("get", "pods"))).toBe(false);
});

test("aggregated roles are made of the roles that they select", async () => {
  await using cluster = await openCluster();
  await make(cluster, {
    group: RBAC,
    plural: "clusterroles",
    object: {
      metadata: { name: "more", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
      rules: [{ apiGroups: ["x.io"], resources: ["widgets"], verbs: ["get"] }],
    },
  });
  const roles = await cluster.resource(RBAC, "clusterroles");
  const rulesOf = async (name: string): Promise<string> =>
    JSON.stringify((await cluster.registry.find(roles, "", name))?.object["rules"] ?? null);
  for (let tries = 0; tries < 200 && !(await rulesOf("admin")).includes("widgets"); tries++) {
    await cluster.server.host.clock.sleep(5);
  }
  expect(await rulesOf("view")).toContain("widgets");
  expect(await rulesOf("edit")).toContain("widgets");
  expect(await rulesOf("admin")).toContain("rolebindings");
});

test("nobody gives rights that they lack", async () => {
  await using cluster = await openCluster();
  const writer = user("writer");
  await make(cluster, {
    group: RBAC,
    plural: "clusterroles",
    object: {
      metadata: { name: "w" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    },
  });
  await make(cluster, {
    group: RBAC,
    plural: "clusterrolebindings",
    object: {
      metadata: { name: "w" },
      subjects: [{ kind: "User", apiGroup: RBAC, name: "writer" }],
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "w" },
    },
  });
  const bind = (name: string, role: string): Promise<JsonObject> =>
    make(cluster, {
      group: RBAC,
      plural: "clusterrolebindings",
      user: writer,
      object: {
        metadata: { name },
        subjects: [{ kind: "User", apiGroup: RBAC, name: "writer" }],
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      },
    });
  await bind("again", "w");
  const refusal = await bind("up", "cluster-admin").then(
    () => "",
    (error: Error) => error.message,
  );
  expect(refusal).toContain("is attempting to grant RBAC permissions not currently held:");
  expect(refusal).toContain('{APIGroups:["*"], Resources:["*"], Verbs:["*"]}');
});

test("a node reads what its pods use, and no more", async () => {
  await using cluster = await openCluster();
  await openAccount(cluster);
  const pod = (name: string, nodeName: string, secretName: string): Promise<JsonObject> =>
    make(cluster, {
      plural: "pods",
      namespace: "default",
      object: {
        metadata: { name },
        spec: {
          nodeName,
          serviceAccountName: "app",
          containers: [{ name: "c", image: "i" }],
          volumes: [{ name: "v", secret: { secretName } }],
        },
      },
    });
  await pod("a", "n1", "mine");
  await pod("b", "n2", "theirs");
  const node = user("system:node:n1", "system:nodes");
  expect(await may(cluster, node, about("get", "secrets", { name: "mine" }))).toBe(true);
  expect(await may(cluster, node, about("get", "secrets", { name: "theirs" }))).toBe(false);
  expect(await may(cluster, node, about("list", "secrets"))).toBe(false);
  expect(await may(cluster, node, about("delete", "secrets", { name: "mine" }))).toBe(false);
  expect(await may(cluster, node, about("get", "pods", { name: "b" }))).toBe(false);
  const own = { fieldSelector: "spec.nodeName=n1", namespace: "" };
  expect(await may(cluster, node, about("watch", "pods", own))).toBe(true);
  const other = { fieldSelector: "spec.nodeName=n2", namespace: "" };
  expect(await may(cluster, node, about("watch", "pods", other))).toBe(false);
  const token = { name: "app", subresource: "token" };
  expect(await may(cluster, node, about("create", "serviceaccounts", token))).toBe(true);
});

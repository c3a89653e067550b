/** Whom a sender may act as, by which verbs, and in which groups. */
import { expect, test } from "bun:test";
import type { Authorizer } from "./authorizer.ts";
import {
  type Asked,
  completed,
  constrainedModes,
  constrainedRefusal,
  legacyRefusal,
} from "./impersonation-modes.ts";
import type { Attributes, User } from "./user.ts";

const READ: Attributes = {
  verb: "list",
  isResource: true,
  path: "",
  group: "",
  version: "v1",
  namespace: "default",
  resource: "pods",
  subresource: "",
  name: "",
};

function user(name: string, more: Partial<User> = {}): User {
  return { name, uid: "", groups: [], extra: {}, ...more };
}

/** Allows exactly these: `verb resource name`. */
function allows(...all: string[]): { authorizer: Authorizer; askers: User[] } {
  const askers: User[] = [];
  const authorize: Authorizer["authorize"] = async (sender, { verb, resource, name }) => {
    askers.push(sender);
    return { allowed: all.includes(`${verb} ${resource} ${name}`.trim()), reason: "" };
  };
  return { authorizer: { authorize } as Authorizer, askers };
}

const agent = user("system:serviceaccount:kube-system:agent", {
  extra: {
    "authentication.kubernetes.io/pod-name": ["agent-1"],
    "authentication.kubernetes.io/node-name": ["n1"],
  },
});
const NODE = user("system:node:n1");

test("who runs on a node may be that node by a verb of its own", async () => {
  expect(constrainedModes(NODE, agent)).toEqual(["associated-node", "arbitrary-node"]);
  expect(constrainedModes(user("system:node:n2"), agent)).toEqual(["arbitrary-node"]);
  expect(constrainedModes(NODE, { ...agent, name: "jane" })).toEqual(["arbitrary-node"]);
  const { authorizer, askers } = allows(
    "impersonate-on:associated-node:list pods",
    "impersonate:associated-node nodes *",
  );
  const asked: Asked = { authorizer, sender: agent, attributes: READ, wanted: NODE };
  expect(await constrainedRefusal(asked, "associated-node")).toBeUndefined();
  expect(askers[0]?.extra).toEqual({
    "authentication.kubernetes.io/associated-node-keys": [
      "authentication.kubernetes.io/node-name",
      "authentication.kubernetes.io/pod-name",
    ],
  });
  const other = { ...asked, attributes: { ...READ, verb: "watch" } };
  expect((await constrainedRefusal(other, "associated-node"))?.message).toContain(
    'cannot impersonate-on:associated-node:watch resource "pods"',
  );
  expect(completed(NODE, "associated-node").groups).toEqual([
    "system:nodes",
    "system:authenticated",
  ]);
});

test("a service account or a node with groups of one's choice needs the old verb", async () => {
  const groups = ["system:masters"];
  expect(constrainedModes(user("system:node:n1", { groups }), agent)).toEqual([]);
  const account = "system:serviceaccount:default:builder";
  expect(constrainedModes(user(account, { groups }), agent)).toEqual([]);
  expect(constrainedModes(user(account), agent)).toEqual(["serviceaccount"]);
  const { authorizer } = allows("impersonate serviceaccounts builder");
  const asked: Asked = {
    authorizer,
    sender: agent,
    attributes: READ,
    wanted: user(account, { groups }),
  };
  expect((await legacyRefusal(asked))?.message).toContain('groups "system:masters" is forbidden');
  expect(await legacyRefusal({ ...asked, wanted: user(account) })).toBeUndefined();
});

test("nobody becomes a master by the new verbs; many groups are allowed at once", async () => {
  const { authorizer } = allows(
    "impersonate-on:user-info:list pods",
    "impersonate:user-info users jane",
    "impersonate:user-info groups *",
    "impersonate:user-info groups system:masters",
  );
  const refusal = async (more: Partial<User>): Promise<string | undefined> => {
    const wanted = user("jane", more);
    const asked: Asked = { authorizer, sender: agent, attributes: READ, wanted };
    return (await constrainedRefusal(asked, "user-info"))?.message;
  };
  expect(await refusal({})).toBeUndefined();
  expect(await refusal({ groups: ["system:masters"] })).toContain(
    "impersonating the system:masters group is not allowed",
  );
  expect(await refusal({ groups: ["a"] })).toContain('groups.authentication.k8s.io "a" is forb');
  expect(await refusal({ groups: ["a", "b", "c", "d"] })).toBeUndefined();
  expect(await refusal({ extra: { scopes: ["x"] } })).toContain("must be a domain-prefixed path");
});

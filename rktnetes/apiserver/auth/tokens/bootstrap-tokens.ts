/**
 * Tokens with which a machine joins: `<6 letters>.<16 letters>`, kept in secrets of kube-system.
 * In: a token. Out: a user of the groups that the secret names.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { timingSafeEqual } from "node:crypto";
import type { Secret } from "@rktnetes/api/types/core-v1";
import type { Lookup } from "../../admission/lookup.ts";
import type { ServerHost } from "../../host.ts";
import { type TokenSource, type TokenVerdict, UNKNOWN_TOKEN } from "./token-source.ts";

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = "system:bootstrappers";
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapTokens(lookup: Lookup, host: ServerHost): TokenSource {
  return {
    check: async (token) => {
      const [, id = "", secret = ""] = TOKEN.exec(token) ?? [];
      if (id === "") return UNKNOWN_TOKEN;
      const name = `bootstrap-token-${id}`;
      const found = await lookup.find<Secret>("/secrets", "kube-system", name);
      if (found?.type !== "bootstrap.kubernetes.io/token") return UNKNOWN_TOKEN;
      return verdictOf(found, { id, secret }, host.clock.now());
    },
  };
}

interface Halves {
  readonly id: string;
  readonly secret: string;
}

function verdictOf(found: Secret, { id, secret }: Halves, nowMs: number): TokenVerdict {
  const data = (field: string): string =>
    Buffer.from(found.data?.[field] ?? "", "base64").toString();
  const deleted = found.metadata.deletionTimestamp;
  if (deleted !== undefined && deleted !== null) return UNKNOWN_TOKEN;
  if (data("token-id") !== id || !isSame(data("token-secret"), secret)) return UNKNOWN_TOKEN;
  const expiration = data("expiration");
  if (expiration !== "") {
    const at = Date.parse(expiration);
    if (Number.isNaN(at) || at <= nowMs) return UNKNOWN_TOKEN;
  }
  if (data("usage-bootstrap-authentication") !== "true") return UNKNOWN_TOKEN;
  const extra = data("auth-extra-groups");
  const groups = extra === "" ? [] : extra.split(",");
  if (!groups.every((group) => EXTRA_GROUP.test(group))) return UNKNOWN_TOKEN;
  const user = {
    name: `system:bootstrap:${id}`,
    uid: "",
    groups: [GROUP, ...groups.toSorted()],
    extra: {},
  };
  return { type: "user", user, audiences: [] };
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * A program that knows whose tokens are. In: a token. Out: what it says. What it said is believed
 * for a while. @see authentication.k8s.io/v1 TokenReview
 */
import { createHash } from "node:crypto";
import type { JsonObject } from "@rktnetes/api/schema";
import { Fault } from "@shared/base";
import type { ServerHost } from "../../host.ts";
import { objectOf, textOf, textsOf } from "../config/config-file.ts";
import { type TokenSource, type TokenVerdict, UNKNOWN_TOKEN } from "../tokens/token-source.ts";
import { postJson } from "./post-json.ts";
import type { RemoteConfig } from "./remote-config.ts";
import { Remembered } from "./remembered.ts";

export interface TokenWebhookOptions {
  readonly remote: RemoteConfig;
  /** `v1` or `v1beta1`. */
  readonly version: string;
  /** Good tokens are asked about again after so long. */
  readonly keepMs: number;
}

const TIMEOUT_MS = 30_000;

export function tokenWebhook(options: TokenWebhookOptions, host: ServerHost): TokenSource {
  const known = new Remembered<TokenVerdict>(host.clock);
  const keep = ({ type }: TokenVerdict): number => (type === "user" ? options.keepMs : 0);
  return {
    check: async (token, audiences) => {
      const digest = createHash("sha256").update(token).digest("base64");
      const key = `${digest} ${audiences.join(" ")}`;
      return await known.get(key, () => ask(options, host, { token, audiences }), keep);
    },
  };
}

interface Asked {
  readonly token: string;
  readonly audiences: readonly string[];
}

async function ask(
  { remote, version }: TokenWebhookOptions,
  { clock }: ServerHost,
  { token, audiences }: Asked,
): Promise<TokenVerdict> {
  const review: JsonObject = {
    kind: "TokenReview",
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: { creationTimestamp: null },
    spec: { token, audiences: [...audiences] },
    status: { user: {} },
  };
  try {
    const answer = await postJson(remote, review, { timeoutMs: TIMEOUT_MS, clock });
    return verdictOf(objectOf(answer["status"]), audiences);
  } catch (error) {
    return { type: "bad", why: Fault.from(error).message };
  }
}

function verdictOf(status: JsonObject, audiences: readonly string[]): TokenVerdict {
  const why = textOf(status["error"]);
  if (status["authenticated"] !== true) {
    return why === "" ? UNKNOWN_TOKEN : { type: "bad", why };
  }
  const meant = textsOf(status["audiences"]);
  const fitting = meant.filter((each) => audiences.includes(each));
  if (meant.length > 0 && fitting.length === 0) return UNKNOWN_TOKEN;
  const user = objectOf(status["user"]);
  const extra = Object.entries(objectOf(user["extra"]));
  return {
    type: "user",
    audiences: fitting,
    user: {
      name: textOf(user["username"]),
      uid: textOf(user["uid"]),
      groups: textsOf(user["groups"]),
      extra: Object.fromEntries(extra.map(([key, values]) => [key, textsOf(values)])),
    },
  };
}

/**
 * Tokens that never change, from a file. In: lines `token,user,uid,"group1,group2"`. Out: users.
 * @throws {Fault} "invalid"
 */
import { createHash } from "node:crypto";
import { Fault } from "@shared/base";
import type { User } from "../user.ts";
import { type TokenSource, UNKNOWN_TOKEN } from "./token-source.ts";

export function staticTokens(text: string): TokenSource {
  const users = readTokenFile(text);
  return {
    check: (token) => {
      const user = users.get(digest(token));
      if (user === undefined) return Promise.resolve(UNKNOWN_TOKEN);
      return Promise.resolve({ type: "user", user, audiences: [] });
    },
  };
}

/** Found by their digest: how long a look-up takes says nothing of the tokens. */
function digest(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function readTokenFile(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  text.split("\n").forEach((line, at) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const [token = "", name = "", uid = "", groups = ""] = cells(line.trim());
    if (token === "" || name === "") {
      const hint = 'write: token,user,uid,"group1,group2"';
      throw new Fault("invalid", `read the token file: line ${at + 1} has no token or no user`, {
        hint,
      });
    }
    const list = groups
      .split(",")
      .map((group) => group.trim())
      .filter((group) => group !== "");
    users.set(digest(token), { name, uid, groups: list, extra: {} });
  });
  return users;
}

function cells(line: string): readonly string[] {
  const found = line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...found].map(([, quoted, plain]) =>
    (quoted ?? plain ?? "").replaceAll('""', '"').trim(),
  );
}

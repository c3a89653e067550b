/** What service accounts do beyond their data: of secrets they keep the names only. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readText } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

function keepNames(account: JsonObject): void {
  const secrets = readList(account, "secrets");
  if (secrets.length === 0) return;
  account["secrets"] = secrets.map((secret): JsonObject => {
    const name = readText(secret, "name");
    return name === "" ? {} : { name };
  });
}

export const SERVICE_ACCOUNT: Strategy = {
  prepareForCreate: keepNames,
  prepareForUpdate: keepNames,
};

import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors } from "../field-error.ts";
import { conversionErrors } from "./definition-parts.ts";

function webhook(clientConfig: JsonObject | undefined, versions: readonly string[] = ["v1"]) {
  const config = clientConfig === undefined ? {} : { clientConfig };
  const conversionReviewVersions = [...versions];
  return { strategy: "Webhook", webhook: { ...config, conversionReviewVersions } };
}

const GOOD = { url: "https://a.b/c" };
const SERVICE = { name: "a", namespace: "b", port: 443 };

const ROWS: readonly (readonly [string, JsonObject, string])[] = [
  ["nothing to convert", { strategy: "None" }, ""],
  ["a URL", webhook(GOOD), ""],
  ["a service", webhook({ service: { ...SERVICE, path: "/crdconvert" } }), ""],
  ["no program", webhook(undefined), "c.webhookClientConfig: Required value: required when"],
  ["neither URL nor service", webhook({}), "exactly one of url or service is required"],
  ["a URL without TLS", webhook({ url: "http://a.b/" }), "'https' is the only allowed URL scheme"],
  [
    "a path that is none",
    webhook({ service: { ...SERVICE, path: "x//" } }),
    "c.webhookClientConfig.service.path: Invalid value: \"x//\": must start with a '/'",
  ],
  ["no port", webhook({ service: { ...SERVICE, port: 0 } }), "port is not valid: must be between"],
  [
    "no authority",
    webhook({ ...GOOD, caBundle: "Zm9v" }),
    'c.webhookClientConfig.caBundle: Invalid value: "Zm9v": unable to load root certificates',
  ],
  ["no form of review", webhook(GOOD, []), "c.conversionReviewVersions: Required value"],
  ["forms nobody speaks", webhook(GOOD, ["v9"]), "must include at least one of v1, v1beta1"],
  ["a form twice", webhook(GOOD, ["v1", "v1"]), "duplicate version"],
  ["another strategy", { strategy: "Some" }, 'supported values: "None", "Webhook"'],
  [
    "a program that is not asked",
    { ...webhook(GOOD), strategy: "None" },
    "c.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
  ],
];

describe("how versions of a custom kind are converted", () => {
  test.each(ROWS)("by %s", (_what, conversion, words) => {
    const errors = conversionErrors(conversion, "c");
    if (words === "") expect(errors).toEqual([]);
    else expect(describeFieldErrors(errors)).toContain(words);
  });
});

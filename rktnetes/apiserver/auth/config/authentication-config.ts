/**
 * `--authentication-config`: issuers of tokens, and what nobody in particular may ask for. In: the
 * text of the file. Out: what the authenticator is made of. @throws {Fault} "invalid"
 *
 * @see apiserver.config.k8s.io/v1 AuthenticationConfiguration
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { OidcOptions } from "../tokens/oidc-tokens.ts";
import { readClaimMapper } from "./claim-mappings.ts";
import {
  objectOf,
  objectsOf,
  onlyFields,
  readConfig,
  textOf,
  textsOf,
  wantedText,
  wrong,
} from "./config-file.ts";

/** Requests without credentials: all, none, or those for some paths. */
export type Anonymous = boolean | { readonly paths: readonly string[] };

/** What the file says. */
export interface AuthenticationConfig {
  readonly issuers: readonly OidcOptions[];
  /** Undefined where the file does not say. */
  readonly anonymous: Anonymous | undefined;
}

const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
  "EdDSA",
];

/** No more issuers than these. */
const ISSUERS_MAX = 64;

/** Reads YAML or JSON. @throws {Fault} "invalid" */
export async function readAuthenticationConfig(text: string): Promise<AuthenticationConfig> {
  const config = await readConfig(text, "AuthenticationConfiguration");
  onlyFields(config, "", ["apiVersion", "kind", "jwt", "anonymous"]);
  const entries = objectsOf(config["jwt"]);
  if (entries.length > ISSUERS_MAX)
    throw wrong("jwt", `Too many: must have at most ${ISSUERS_MAX}`);
  const issuers = entries.map((entry, at) => readIssuer(entry, `jwt[${at}]`));
  for (const [at, { issuer }] of issuers.entries()) {
    if (issuers.findIndex((each) => each.issuer === issuer) === at) continue;
    throw wrong(`jwt[${at}].issuer.url`, `Duplicate value: ${JSON.stringify(issuer)}`);
  }
  return { issuers, anonymous: readAnonymous(config["anonymous"] as JsonObject | undefined) };
}

function readIssuer(entry: JsonObject, path: string): OidcOptions {
  const fields = ["issuer", "claimValidationRules", "claimMappings", "userValidationRules"];
  onlyFields(entry, path, fields);
  const issuer = objectOf(entry["issuer"]);
  const where = `${path}.issuer`;
  onlyFields(issuer, where, [
    ...["url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy"],
    "egressSelectorType",
  ]);
  const url = wantedText(issuer, where, "url");
  checkUrl(url, `${where}.url`);
  const discoveryUrl = textOf(issuer["discoveryURL"]);
  if (discoveryUrl !== "") {
    checkUrl(discoveryUrl, `${where}.discoveryURL`);
    if (discoveryUrl === url) throw wrong(`${where}.discoveryURL`, "must be different from url");
  }
  const audiences = textsOf(issuer["audiences"]);
  if (audiences.length === 0) {
    throw wrong(`${where}.audiences`, "Required value: at least one jwt[*].issuer.audiences");
  }
  if (audiences.length > 1 && issuer["audienceMatchPolicy"] !== "MatchAny") {
    const why = "audienceMatchPolicy must be MatchAny for multiple audiences";
    throw wrong(`${where}.audienceMatchPolicy`, why);
  }
  return {
    issuer: url,
    ...(discoveryUrl === "" ? {} : { discoveryUrl }),
    audiences,
    algorithms: ALGORITHMS,
    authority: textOf(issuer["certificateAuthority"]) || undefined,
    userOf: readClaimMapper(entry, path),
  };
}

function checkUrl(text: string, path: string): void {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:") throw wrong(path, "URL scheme must be https");
  if (url.username !== "") throw wrong(path, "URL must not contain a username or password");
  if (url.search !== "" || url.hash !== "") {
    throw wrong(path, "URL must not contain a query or fragment");
  }
}

function readAnonymous(anonymous: JsonObject | undefined): Anonymous | undefined {
  if (anonymous === undefined) return undefined;
  onlyFields(anonymous, "anonymous", ["enabled", "conditions"]);
  const isOn = anonymous["enabled"] === true;
  const paths = objectsOf(anonymous["conditions"]).map((condition, at) =>
    wantedText(condition, `anonymous.conditions[${at}]`, "path"),
  );
  if (paths.length === 0) return isOn;
  if (!isOn) {
    throw wrong(
      "anonymous.conditions",
      "enabled should be set to true when conditions are defined",
    );
  }
  return { paths };
}

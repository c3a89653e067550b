/**
 * How the claims of a token become a user, as an AuthenticationConfiguration says it. In: an entry
 * of `jwt`. Out: a function from claims to a user, or to words for what is wrong.
 *
 * @see apiserver.config.k8s.io/v1 AuthenticationConfiguration
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { Fault, quote } from "@shared/base";
import type { User } from "../user.ts";
import {
  objectOf,
  objectsOf,
  onlyFields,
  textOf,
  textsOf,
  wantedText,
  wrong,
} from "./config-file.ts";
import { type Evaluate, readExpression } from "./expression.ts";

/** Words for what is wrong, instead of a user. */
export type ClaimMapper = (claims: JsonObject) => User | string;

type Texts = (claims: JsonObject) => readonly string[];

/** @throws {Fault} "invalid" */
export function readClaimMapper(entry: JsonObject, path: string): ClaimMapper {
  const rules = objectsOf(entry["claimValidationRules"]).map((rule, at) =>
    readClaimRule(rule, `${path}.claimValidationRules[${at}]`),
  );
  const mappings = objectOf(entry["claimMappings"]);
  const where = `${path}.claimMappings`;
  onlyFields(mappings, where, ["username", "groups", "uid", "extra"]);
  const username = readMapping(objectOf(mappings["username"]), `${where}.username`, true);
  if (username === undefined) throw wrong(`${where}.username`, "claim or expression is required");
  checkMail(entry, path);
  const groups = readMapping(objectOf(mappings["groups"]), `${where}.groups`, true);
  const uid = readMapping(objectOf(mappings["uid"]), `${where}.uid`, false);
  const extra = objectsOf(mappings["extra"]).map((each, at) =>
    readExtra(each, `${where}.extra[${at}]`),
  );
  const judges = objectsOf(entry["userValidationRules"]).map((rule, at) =>
    readUserRule(rule, `${path}.userValidationRules[${at}]`),
  );
  return (claims) => {
    try {
      for (const rule of rules) rule(claims);
      const [name = ""] = username(claims);
      if (name === "") return "the username is empty";
      const user: User = {
        name,
        uid: uid?.(claims)[0] ?? "",
        groups: groups?.(claims) ?? [],
        extra: extraOf(extra, claims),
      };
      for (const judge of judges) judge(user);
      return user;
    } catch (error) {
      if (error instanceof Fault) return error.message;
      throw error;
    }
  };
}

function readClaimRule(rule: JsonObject, path: string): (claims: JsonObject) => void {
  onlyFields(rule, path, ["claim", "requiredValue", "expression", "message"]);
  const claim = textOf(rule["claim"]);
  const text = textOf(rule["expression"]);
  if ((claim === "") === (text === "")) throw wrong(path, "claim or expression is required");
  if (claim !== "") {
    const wanted = textOf(rule["requiredValue"]);
    return (claims) => {
      if (claims[claim] === wanted) return;
      throw new Fault("denied", `required claim ${claim} not present or not ${quote(wanted)}`);
    };
  }
  const holds = readExpression(text, `${path}.expression`, "claims", ["bool"]);
  const message = textOf(rule["message"]);
  return (claims) => demand(holds, claims, message || `validation expression '${text}' failed`);
}

function demand(holds: Evaluate, value: Json, message: string): void {
  if (holds(value) !== true) throw new Fault("denied", message);
}

/** Undefined for a mapping that is not there. */
function readMapping(mapping: JsonObject, path: string, hasPrefix: boolean): Texts | undefined {
  onlyFields(mapping, path, ["claim", "expression", ...(hasPrefix ? ["prefix"] : [])]);
  const claim = textOf(mapping["claim"]);
  const text = textOf(mapping["expression"]);
  if (claim !== "" && text !== "") throw wrong(path, "claim and expression can't both be set");
  if (text !== "") {
    if (mapping["prefix"] !== undefined) throw wrong(path, "prefix can't be set with expression");
    const evaluate = readExpression(text, `${path}.expression`, "claims");
    return (claims) => listOf(evaluate(claims));
  }
  if (claim === "") return undefined;
  const { prefix } = mapping;
  if (hasPrefix && typeof prefix !== "string") {
    throw wrong(`${path}.prefix`, "Required value: prefix is required when claim is set");
  }
  const before = textOf(prefix);
  return (claims) => {
    if (hasPrefix && path.endsWith(".username")) refuseMail(claim, claims);
    return listOf(claims[claim]).map((each) => `${before}${each}`);
  };
}

/** An address that nobody has verified may be anybody's. */
function refuseMail(claim: string, claims: JsonObject): void {
  if (claim === "email" && claims["email_verified"] === false) {
    throw new Fault("denied", "email not verified");
  }
}

/** The same for expressions: whoever uses the address looks whether it was verified. */
function checkMail(entry: JsonObject, path: string): void {
  const mappings = objectOf(entry["claimMappings"]);
  const username = textOf(objectOf(mappings["username"])["expression"]);
  if (!/\bclaims\.email\b/.test(username)) return;
  const others = [
    ...objectsOf(mappings["extra"]).map((each) => textOf(each["valueExpression"])),
    ...objectsOf(entry["claimValidationRules"]).map((each) => textOf(each["expression"])),
  ];
  if ([username, ...others].some((text) => /\bclaims\.\??email_verified\b/.test(text))) return;
  const why =
    "claims.email_verified must be used in claimMappings.username.expression or " +
    "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when " +
    "claims.email is used in claimMappings.username.expression";
  throw wrong(`${path}.claimMappings.username.expression`, why);
}

function listOf(value: Json | undefined): readonly string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return textsOf(value);
}

interface ExtraMapping {
  readonly key: string;
  readonly evaluate: Evaluate;
}

function readExtra(extra: JsonObject, path: string): ExtraMapping {
  onlyFields(extra, path, ["key", "valueExpression"]);
  const key = wantedText(extra, path, "key");
  if (key !== key.toLowerCase() || !key.includes("/")) {
    throw wrong(`${path}.key`, "must be a lowercase domain-prefixed path");
  }
  const text = wantedText(extra, path, "valueExpression");
  return { key, evaluate: readExpression(text, `${path}.valueExpression`, "claims") };
}

function extraOf(mappings: readonly ExtraMapping[], claims: JsonObject): User["extra"] {
  const extra: Record<string, readonly string[]> = {};
  for (const { key, evaluate } of mappings) {
    const values = listOf(evaluate(claims));
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

function readUserRule(rule: JsonObject, path: string): (user: User) => void {
  onlyFields(rule, path, ["expression", "message"]);
  const text = wantedText(rule, path, "expression");
  const holds = readExpression(text, `${path}.expression`, "user", ["bool"]);
  const message = textOf(rule["message"]) || `validation expression '${text}' failed`;
  return ({ name: username, uid, groups, extra }) => {
    const known = structuredClone({ username, uid, groups, extra }) as unknown as JsonObject;
    demand(holds, known, message);
  };
}

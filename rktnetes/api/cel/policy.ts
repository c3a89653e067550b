/**
 * The expressions of admission policies and of `matchConditions`. In: a policy. Out: programs, or
 * what is wrong with its expressions. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import { readList, readObject, readText } from "../strategy/object-at.ts";
import { type FieldError, invalid, required } from "../validate/field-error.ts";
import { type Compilation, compile, type Compiled } from "./compile.ts";
import { BOOL, type CelType, DYN, listOf, mapOf, STRING } from "./types.ts";

const NAMED: CelType = {
  name: "object",
  title: "kubernetes.GroupVersionKind",
  fields: new Map([
    ["group", STRING],
    ["version", STRING],
    ["kind", STRING],
  ]),
};

const RESOURCE: CelType = {
  name: "object",
  title: "kubernetes.GroupVersionResource",
  fields: new Map([
    ["group", STRING],
    ["version", STRING],
    ["resource", STRING],
  ]),
};

const USER: CelType = {
  name: "object",
  title: "kubernetes.UserInfo",
  fields: new Map([
    ["username", STRING],
    ["uid", STRING],
    ["groups", listOf(STRING)],
    ["extra", mapOf(STRING, listOf(STRING))],
  ]),
};

const REQUEST: CelType = {
  name: "object",
  title: "kubernetes.AdmissionRequest",
  fields: new Map([
    ["kind", NAMED],
    ["resource", RESOURCE],
    ["subResource", STRING],
    ["requestKind", NAMED],
    ["requestResource", RESOURCE],
    ["requestSubResource", STRING],
    ["name", STRING],
    ["namespace", STRING],
    ["operation", STRING],
    ["userInfo", USER],
    ["dryRun", BOOL],
    ["options", DYN],
  ]),
};

const AUTHORIZER: CelType = {
  name: "kubernetes.authorization.Authorizer",
  fields: new Map([["requestResource", DYN]]),
};

/** What a policy's expressions may name. */
export interface PolicyScope {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  /** Variables that were defined before. */
  readonly variables: ReadonlyMap<string, CelType>;
  /** Of the objects that the policy is about, and of its parameters; any without it. */
  readonly object?: CelType;
  readonly params?: CelType;
}

export function policyTypes(scope: PolicyScope): ReadonlyMap<string, CelType> {
  const { variables, object = DYN, params = DYN } = scope;
  const types = new Map<string, CelType>([
    ["object", object],
    ["oldObject", object],
    ["request", REQUEST],
    ["namespaceObject", DYN],
    ["variables", { name: "object", title: "kubernetes.variables", fields: variables }],
    ["@Object", { name: "dyn" }],
    ["@JSONPatch", { name: "dyn" }],
  ]);
  if (scope.hasAuthorizer) types.set("authorizer", AUTHORIZER);
  if (scope.hasParams) types.set("params", params);
  return types;
}

/** Types for conditions of webhooks: nothing but the request. */
export function conditionTypes(): ReadonlyMap<string, CelType> {
  const types = new Map(
    policyTypes({ hasParams: false, hasAuthorizer: true, variables: new Map() }),
  );
  for (const name of ["variables", "namespaceObject", "@Object", "@JSONPatch"]) types.delete(name);
  return types;
}

/** An expression with the name under which others speak of it. */
export interface Named {
  readonly name: string;
  readonly text: string;
  readonly compilation: Compilation;
}

export interface Validation {
  readonly text: string;
  readonly compilation: Compilation;
  readonly message: string;
  readonly messageExpression: Compiled | undefined;
  readonly reason: string;
}

export interface Mutation {
  readonly type: "ApplyConfiguration" | "JSONPatch";
  readonly text: string;
  readonly compilation: Compilation;
}

export interface CompiledPolicy {
  readonly variables: readonly Named[];
  readonly conditions: readonly Named[];
  readonly validations: readonly Validation[];
  readonly mutations: readonly Mutation[];
  /** For the audit log, named by their keys. */
  readonly annotations: readonly Named[];
}

const compiled = new WeakMap<JsonObject, CompiledPolicy>();

/** Compiled once for each reading of a policy. */
export function compilePolicy(policy: JsonObject): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const made = compileSpec(readObject(policy, "spec"));
  compiled.set(policy, made);
  return made;
}

function compileSpec(spec: JsonObject): CompiledPolicy {
  const hasParams = spec["paramKind"] !== undefined;
  const known = new Map<string, CelType>();
  const variables: Named[] = [];
  for (const variable of readList(spec, "variables")) {
    const [name, text] = [readText(variable, "name"), readText(variable, "expression")];
    const types = policyTypes({ hasParams, hasAuthorizer: true, variables: new Map(known) });
    const compilation = compile(text, types);
    variables.push({ name, text, compilation });
    known.set(name, compilation.ok ? compilation.compiled.type : DYN);
  }
  const types = policyTypes({ hasParams, hasAuthorizer: true, variables: known });
  return {
    variables,
    conditions: readList(spec, "matchConditions").map((each) => named(each, types)),
    validations: readList(spec, "validations").map((each) => validation(each, types)),
    mutations: readList(spec, "mutations").map((each) => mutation(each, types)),
    annotations: readList(spec, "auditAnnotations").map((each) => {
      const text = readText(each, "valueExpression");
      const compilation = compile(text, types, ["string", "null"]);
      return { name: readText(each, "key"), text, compilation };
    }),
  };
}

function named(entry: JsonObject, types: ReadonlyMap<string, CelType>): Named {
  const text = readText(entry, "expression");
  return { name: readText(entry, "name"), text, compilation: compile(text, types, ["bool"]) };
}

function validation(entry: JsonObject, types: ReadonlyMap<string, CelType>): Validation {
  const text = readText(entry, "expression");
  const message = readText(entry, "messageExpression");
  const said = message === "" ? undefined : compile(message, types, ["string"]);
  return {
    text,
    compilation: compile(text, types, ["bool"]),
    message: readText(entry, "message"),
    messageExpression: said?.ok === true ? said.compiled : undefined,
    reason: readText(entry, "reason"),
  };
}

function mutation(entry: JsonObject, types: ReadonlyMap<string, CelType>): Mutation {
  const isPatch = readText(entry, "patchType") === "JSONPatch";
  const part = readObject(entry, isPatch ? "jsonPatch" : "applyConfiguration");
  const text = readText(part, "expression");
  const type = isPatch ? "JSONPatch" : "ApplyConfiguration";
  return { type, text, compilation: compile(text, types) };
}

/** What is wrong with the expressions of a policy that are there, field by field. */
export function policyExpressionErrors(spec: JsonObject): readonly FieldError[] {
  const policy = compileSpec(spec);
  const hasParams = spec["paramKind"] !== undefined;
  const variables = new Map(
    policy.variables.map(({ name, compilation }) => [name, typeOf(compilation)] as const),
  );
  const types = policyTypes({ hasParams, hasAuthorizer: true, variables });
  return [
    ...namedErrors(policy.variables, "spec.variables"),
    ...namedErrors(policy.conditions, "spec.matchConditions"),
    ...validationErrors(spec, types),
    ...annotationErrors(spec, types),
    ...mutationErrors(policy.mutations),
  ];
}

function typeOf(compilation: Compilation): CelType {
  return compilation.ok ? compilation.compiled.type : DYN;
}

/** What is wrong with one expression that is there. */
export function expressionErrors(
  field: string,
  text: string,
  types: ReadonlyMap<string, CelType>,
  wanted: readonly string[] = [],
): readonly FieldError[] {
  if (text.trim() === "") return [];
  const compilation = compile(text, types, wanted);
  return compilation.ok ? [] : [invalid(field, text, compilation.error)];
}

function namedErrors(all: readonly Named[], path: string): readonly FieldError[] {
  return all.flatMap(({ text, compilation }, at) => {
    const field = `${path}[${at}].expression`;
    return compilation.ok || text.trim() === "" ? [] : [invalid(field, text, compilation.error)];
  });
}

function validationErrors(
  spec: JsonObject,
  types: ReadonlyMap<string, CelType>,
): readonly FieldError[] {
  return readList(spec, "validations").flatMap((entry, at) => {
    const field = `spec.validations[${at}]`;
    const message = readText(entry, "messageExpression");
    return [
      ...expressionErrors(`${field}.expression`, readText(entry, "expression"), types, ["bool"]),
      ...(message === ""
        ? []
        : expressionErrors(`${field}.messageExpression`, message, types, ["string"])),
    ];
  });
}

function annotationErrors(
  spec: JsonObject,
  types: ReadonlyMap<string, CelType>,
): readonly FieldError[] {
  return readList(spec, "auditAnnotations").flatMap((entry, at) => {
    const field = `spec.auditAnnotations[${at}].valueExpression`;
    return expressionErrors(field, readText(entry, "valueExpression"), types, ["string", "null"]);
  });
}

function mutationErrors(mutations: readonly Mutation[]): readonly FieldError[] {
  return mutations.flatMap(({ type, text, compilation }, at) => {
    const part = type === "JSONPatch" ? "jsonPatch" : "applyConfiguration";
    const field = `spec.mutations[${at}].${part}.expression`;
    if (text.trim() === "") return [required(field, "expression is not specified")];
    return compilation.ok ? [] : [invalid(field, text, compilation.error)];
  });
}

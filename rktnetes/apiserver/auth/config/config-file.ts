/**
 * Files of `apiserver.config.k8s.io`, taken apart. In: text. Out: an object of the kind that is
 * wanted. What is unknown is refused: a word that nobody reads would leave a door open.
 */
import { parseYaml } from "@rktnetes/api/codec/yaml";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { Fault, quote } from "@shared/base";

const GROUP = "apiserver.config.k8s.io";
const VERSIONS = ["v1", "v1beta1", "v1alpha1"].map((version) => `${GROUP}/${version}`);

/** @throws {Fault} "invalid" */
export async function readConfig(text: string, kind: string): Promise<JsonObject> {
  const { tree } = await parseYaml(text);
  const config = objectOf(tree);
  if (config["kind"] !== kind || !VERSIONS.includes(textOf(config["apiVersion"]))) {
    const hint = `begin it with: apiVersion: ${GROUP}/v1, kind: ${kind}`;
    throw new Fault("invalid", `read the ${kind}: it is of another kind`, { hint });
  }
  return config;
}

/** @throws {Fault} "invalid" for fields that are not known */
export function onlyFields(object: JsonObject, path: string, known: readonly string[]): void {
  const other = Object.keys(object).find((field) => !known.includes(field));
  if (other === undefined) return;
  throw wrong(path === "" ? other : `${path}.${other}`, "unknown field");
}

export function wrong(path: string, why: string): Fault {
  return new Fault("invalid", `${path}: ${why}`);
}

export function objectOf(value: Json | undefined): JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : {};
}

export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** A text that must be there. */
export function wantedText(object: JsonObject, path: string, field: string): string {
  const value = textOf(object[field]);
  if (value === "") throw wrong(`${path}.${field}`, `Required value: ${quote(field)} is missing`);
  return value;
}

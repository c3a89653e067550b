/**
 * Definitions of custom kinds: names that follow from the kind, stored versions, the finalizer that
 * keeps a definition until its objects are gone.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { ruleErrors } from "../../cel/check-rules.ts";
import { isKnownFormat } from "../../structural/formats.ts";
import { isObject, textsOf } from "../../structural/structural.ts";
import {
  definitionErrors,
  definitionUpdateErrors,
  versionsOf,
} from "../../validate/apiextensions/definition.ts";
import { setCondition } from "../condition.ts";
import { objectAt, readObject, readText } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

function setDefaults(definition: JsonObject): void {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const kind = readText(names, "kind");
  if (kind !== "") {
    if (readText(names, "singular") === "") names["singular"] = kind.toLowerCase();
    if (readText(names, "listKind") === "") names["listKind"] = `${kind}List`;
  }
  const conversion = objectAt(spec, "conversion");
  if (readText(conversion, "strategy") === "") conversion["strategy"] = "None";
  const client = readObject(readObject(conversion, "webhook"), "clientConfig");
  const { service } = client;
  if (isObject(service) && service["port"] === undefined) service["port"] = 443;
}

/** The version in which objects are written from now on is remembered. */
function rememberStorage(definition: JsonObject): void {
  const status = objectAt(definition, "status");
  const stored = textsOf(status["storedVersions"]);
  const storage = versionsOf(readObject(definition, "spec")).find(
    (each) => each["storage"] === true,
  );
  const name = storage === undefined ? "" : readText(storage, "name");
  if (name !== "" && !stored.includes(name)) status["storedVersions"] = [...stored, name];
}

function formatWarnings(definition: JsonObject): readonly string[] {
  const formats = new Set<string>();
  for (const version of versionsOf(readObject(definition, "spec"))) {
    collectFormats(readObject(version, "schema")["openAPIV3Schema"], formats);
  }
  const unknown = [...formats].filter((format) => !isKnownFormat(format)).sort();
  return unknown.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function collectFormats(schema: Json | undefined, formats: Set<string>): void {
  if (!isObject(schema)) return;
  const { format, items, additionalProperties } = schema;
  if (typeof format === "string") formats.add(format);
  collectFormats(items, formats);
  collectFormats(additionalProperties, formats);
  const properties = readObject(schema, "properties");
  for (const name of Object.keys(properties)) collectFormats(properties[name], formats);
}

export const CUSTOM_RESOURCE_DEFINITION: Strategy = {
  setDefaults,
  prepareForCreate: (definition) => {
    definition["status"] = { acceptedNames: { plural: "", kind: "" } };
    rememberStorage(definition);
  },
  prepareForUpdate: (definition, old) => {
    definition["status"] = structuredClone(old["status"] ?? {});
    rememberStorage(definition);
  },
  validateCreate: (definition) => definitionErrors(definition, ruleErrors),
  validateUpdate: (definition, old) => definitionUpdateErrors(definition, old, ruleErrors),
  warnings: formatWarnings,
  subresources: {
    status: {
      prepareForUpdate: (definition, old) => {
        definition["spec"] = old["spec"] ?? {};
      },
    },
  },
  beginDelete: (definition, { now }) => {
    const metadata = objectAt(definition, "metadata");
    const finalizers = textsOf(metadata["finalizers"]);
    if (!finalizers.includes(CLEANUP)) metadata["finalizers"] = [...finalizers, CLEANUP];
    setCondition(definition, {
      type: "Terminating",
      status: "True",
      lastTransitionTime: now,
      reason: "InstanceDeletionPending",
      message:
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    });
  },
  keepsOnDelete: (definition) => {
    const metadata = readObject(definition, "metadata");
    if (readText(metadata, "deletionTimestamp") === "") return true;
    return textsOf(metadata["finalizers"]).length > 0;
  },
};

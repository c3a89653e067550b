/**
 * The few fields of a pod manifest that a list shows: a text flows in, they flow out, proven. A
 * whole parse of a hundred manifests would cost more than all the rest of a list. Pure.
 */
import { Fault } from "@shared/base";

/** An app as a list shows it. */
export interface AppSummary {
  readonly name: string;
  readonly imageId: string;
  /** With its version, as in `example.com/app:1.0`; empty where the manifest names none. */
  readonly imageName: string;
}

/** What `parseManifestHead` finds. */
export interface ManifestHead {
  /** Undefined where the pod was given none. */
  readonly name: string | undefined;
  readonly apps: readonly AppSummary[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

/** The annotation of a pod manifest that holds the pod's name. */
export const POD_NAME_ANNOTATION = "coreos.com/rkt/pod-name";

type Fields = Readonly<Record<string, unknown>>;

/** @throws {Fault} "corrupt" in rkt's words where it has some */
export function parseManifestHead(text: string): ManifestHead {
  const manifest = fieldsOf(parseJson(text));
  const apps = manifest["apps"];
  if (manifest["acKind"] !== "PodManifest" || !Array.isArray(apps)) {
    throw new Fault("corrupt", 'missing or bad ACKind (must be "PodManifest")');
  }
  const annotations = manifest["annotations"];
  return {
    name: Array.isArray(annotations) ? nameIn(annotations) : undefined,
    apps: apps.map(readApp),
    userAnnotations: textsOf(manifest["userAnnotations"]),
    userLabels: textsOf(manifest["userLabels"]),
  };
}

function nameIn(annotations: readonly unknown[]): string | undefined {
  const found = annotations.map(fieldsOf).find(({ name }) => name === POD_NAME_ANNOTATION);
  return found && textOf(found["value"]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Fault("corrupt", "read the pod manifest", { cause });
  }
}

function readApp(value: unknown): AppSummary {
  const app = fieldsOf(value);
  const image = fieldsOf(app["image"]);
  const labels: readonly unknown[] = Array.isArray(image["labels"]) ? image["labels"] : [];
  const version = labels.map(fieldsOf).find((label) => label["name"] === "version")?.["value"];
  const name = textOf(image["name"]);
  return {
    name: textOf(app["name"]),
    imageId: textOf(image["id"]),
    imageName: typeof version === "string" ? `${name}:${version}` : name,
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, text] of Object.entries(fieldsOf(value))) texts[name] = textOf(text);
  return texts;
}

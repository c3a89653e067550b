/**
 * The two kinds of names of appc: AC Identifier (images, labels, annotations) and AC Name (apps,
 * volumes, ports). Text flows in, the same text flows out once it is proven, or a Fault with the
 * words of the appc library.
 *
 * @see appc 0.8.11, types.md
 */
import { Fault } from "@shared/base";

interface NameRule {
  readonly word: string;
  readonly badCharacter: RegExp;
  readonly badEdge: RegExp;
  readonly punctuation: string;
}

const IDENTIFIER: NameRule = {
  word: "ACIdentifier",
  badCharacter: /[^a-z0-9\-._~/]/,
  badEdge: /^[-._~/]|[-._~/]$/,
  punctuation: "-._~/",
};
const NAME: NameRule = {
  word: "ACName",
  badCharacter: /[^a-z0-9-]/,
  badEdge: /^-|-$/,
  punctuation: "-",
};

/** A name of an image, a label or an annotation, e.g. `coreos.com/etcd`. */
export function parseAcIdentifier(text: string): string {
  return proven(text, IDENTIFIER);
}

/** A name of an app, a volume, a mount point or a port, e.g. `etcd-data`. */
export function parseAcName(text: string): string {
  return proven(text, NAME);
}

/** A text made into an AC Name: lower case, other characters as `-`, none at the edges. */
export function sanitiseAcName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9-]/gu, "-")
    .replace(/^-+|-+$/g, "");
  return orFault(name);
}

/**
 * A text made into an AC Identifier: lower case, other characters as `_`, no punctuation at the
 * edges.
 */
export function sanitiseAcIdentifier(text: string): string {
  const identifier = text
    .toLowerCase()
    .replace(/[^a-z0-9\-._~/]/gu, "_")
    .replace(/^[-._~/]+|[-._~/]+$/g, "");
  return orFault(identifier);
}

/** The name of an app that was given none: the last path element of the image's name. */
export function defaultAppName(imageName: string): string {
  return sanitiseAcName(imageName.slice(imageName.lastIndexOf("/") + 1));
}

function proven(text: string, rule: NameRule): string {
  if (text === "") throw new Fault("invalid", `${rule.word} cannot be empty`);
  if (rule.badCharacter.test(text)) {
    const allowed = `lower case alphanumeric characters plus "${rule.punctuation}"`;
    throw new Fault("invalid", `${rule.word} must contain only ${allowed}`);
  }
  if (rule.badEdge.test(text)) {
    const allowed = "lower case alphanumeric characters";
    throw new Fault("invalid", `${rule.word} must start and end with only ${allowed}`);
  }
  return text;
}

function orFault(name: string): string {
  if (name === "") throw new Fault("invalid", "must contain at least one valid character");
  return name;
}

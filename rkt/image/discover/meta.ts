/**
 * What pages and templates of discovery say. In: HTML, templates, labels; out: prefixes with their
 * targets, URLs. Pure.
 *
 * @see appc 0.8.11, discovery.md
 */
import { appcArchitecture, type NameValue, type Platform } from "@rkt/spec";

export interface ImageName {
  readonly name: string;
  readonly labels: readonly NameValue[];
}

export interface MetaTag {
  readonly prefix: string;
  readonly target: string;
}

/** A tag without its end must not make the pattern read the page again and again. */
const META = /<meta\s([^<>]*)>/gi;
const TAG_CHARACTERS_MAX = 4096;
const ATTRIBUTE = /([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

/** The tags of that name, in the order of the page. */
export function metaTags(page: string, name: string): MetaTag[] {
  return [...page.matchAll(META)].flatMap(([, text = ""]) => {
    const attributes = Object.fromEntries(
      [...text.slice(0, TAG_CHARACTERS_MAX).matchAll(ATTRIBUTE)].map(([, key = "", a, b, c]) => [
        key.toLowerCase(),
        a ?? b ?? c,
      ]),
    );
    const [prefix, target, more] = (attributes["content"] ?? "").trim().split(/\s+/);
    const right = attributes["name"] === name && more === undefined;
    return right && prefix !== undefined && target !== undefined ? [{ prefix, target }] : [];
  });
}

/** A missing version means "latest" here, and only here; the stored image gets no such label. */
export function templateValues(image: ImageName, platform: Platform): Map<string, string> {
  const values = new Map([
    ["version", "latest"],
    ["os", platform.os],
    ["arch", appcArchitecture(platform) ?? platform.architecture],
  ]);
  for (const { name, value } of image.labels) values.set(name, value);
  return values.set("name", image.name).set("ext", "aci");
}

/** Undefined when a brace is left: such an endpoint is dropped. */
export function fillTemplate(
  template: string,
  values: ReadonlyMap<string, string>,
): string | undefined {
  const filled = template.replace(/\{([^{}]*)\}/g, (all, name: string) => values.get(name) ?? all);
  return /[{}]/.test(filled) ? undefined : filled;
}

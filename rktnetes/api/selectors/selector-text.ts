/**
 * Selectors that stand in objects, as the text that clients send. In: `matchLabels` and
 * `matchExpressions`, or plain labels. Out: requirements in the order of their keys. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import { readList, readObject, readText, readTexts } from "../strategy/object-at.ts";

/** Of a LabelSelector. The empty one gives empty text, which matches everything. */
export function selectorText(selector: JsonObject): string {
  const parts = labelParts(readObject(selector, "matchLabels"));
  for (const expression of readList(selector, "matchExpressions")) {
    const key = readText(expression, "key");
    parts.push([key, expressionText(key, expression)]);
  }
  return inOrder(parts);
}

/** Of labels that must all be there. */
export function labelsText(labels: JsonObject): string {
  return inOrder(labelParts(labels));
}

type Part = [key: string, text: string];

function labelParts(labels: JsonObject): Part[] {
  return Object.keys(labels).map((key): Part => [key, `${key}=${readText(labels, key)}`]);
}

function expressionText(key: string, expression: JsonObject): string {
  const values = [...readTexts(expression, "values")].toSorted().join(",");
  switch (readText(expression, "operator")) {
    case "In":
      return `${key} in (${values})`;
    case "NotIn":
      return `${key} notin (${values})`;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return key;
  }
}

function inOrder(parts: readonly Part[]): string {
  const sorted = parts.toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return sorted.map(([, text]) => text).join(",");
}

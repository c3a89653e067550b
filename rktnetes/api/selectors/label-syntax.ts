/**
 * What label keys and values may look like, and the words for one that does not. Pure.
 */

const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const VALUE = /^(?:(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

const NAME_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  " +
  "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used " +
  "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** What is wrong with a label's key; empty when it is right. */
export function labelKeyProblems(key: string): readonly string[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  const problems: string[] = [];
  if (parts.length > 2) {
    return [
      `a valid label key ${NAME_WORDS} with an optional DNS subdomain prefix and '/' ` +
        "(e.g. 'example.com/MyName')",
    ];
  }
  if (parts.length === 2) problems.push(...prefixProblems(parts[0] ?? ""));
  if (name === "") problems.push("name part must be non-empty");
  else if (byteLength(name) > 63) problems.push("name part must be no more than 63 bytes");
  if (!NAME.test(name)) problems.push(`name part ${NAME_WORDS}`);
  return problems;
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  const problems: string[] = [];
  if (byteLength(prefix) > 253) problems.push("prefix part must be no more than 253 bytes");
  if (!SUBDOMAIN.test(prefix)) problems.push(`prefix part ${SUBDOMAIN_WORDS}`);
  return problems;
}

/** What is wrong with a label's value; empty when it is right. */
export function labelValueProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (byteLength(value) > 63) problems.push("must be no more than 63 bytes");
  if (!VALUE.test(value)) problems.push(VALUE_WORDS);
  return problems;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * What a registry wants to see of us. In: the value of a `WWW-Authenticate` header; out: its scheme
 * and parameters. Pure.
 *
 * @see RFC 9110 section 11.6.1; Docker Registry v2 token authentication
 */

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** More than any registry says; the patterns below are not for long texts. */
const HEADER_CHARACTERS_MAX = 8192;
const PARAMETER = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;

/** The first challenge that we can answer, Bearer before Basic. */
export function parseChallenge(whole: string): Challenge | undefined {
  const header = whole.slice(0, HEADER_CHARACTERS_MAX);
  const found = [
    ...header.matchAll(/(?:^|,\s*)(bearer|basic)\b([^]*?)(?=,\s*(?:bearer|basic)\b|$)/gi),
  ];
  const challenges = found.map(([, scheme = "", rest = ""]) => ({
    scheme: scheme.toLowerCase(),
    parameters: parametersOf(rest),
  }));
  return challenges.find(({ scheme }) => scheme === "bearer") ?? challenges[0];
}

function parametersOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(PARAMETER)].map(([, name = "", quoted, plain = ""]) => [
    name.toLowerCase(),
    quoted?.replace(/\\(.)/g, "$1") ?? plain,
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

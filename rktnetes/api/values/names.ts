/**
 * What names may look like, and the words for one that may not. In: a string. Out: what is wrong
 * with it, in the words that clients of Kubernetes know; nothing when it is right. Labels are in
 * `selectors/label-syntax.ts`.
 */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const UNDERSCORE_SUBDOMAIN = `${UNDERSCORE_LABEL}(\\.${UNDERSCORE_LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*";
const HEADER = "[-A-Za-z0-9]+";
const PERCENT = "[0-9]+%";
const ENV_VAR = "[-._a-zA-Z][-._a-zA-Z0-9]*";

const whole = (form: string): RegExp => new RegExp(`^${form}$`);
const LABEL_FORM = whole(LABEL);
const SUBDOMAIN_FORM = whole(SUBDOMAIN);
const UNDERSCORE_SUBDOMAIN_FORM = whole(UNDERSCORE_SUBDOMAIN);
const LABEL_1035_FORM = whole(LABEL_1035);
const CONFIG_KEY_FORM = whole(CONFIG_KEY);
const C_IDENTIFIER_FORM = whole(C_IDENTIFIER);
const HEADER_FORM = whole(HEADER);
const PERCENT_FORM = whole(PERCENT);
const ENV_VAR_FORM = whole(ENV_VAR);
const WILDCARD_FORM = whole(`\\*\\.${SUBDOMAIN}`);

const ENDS = "and must start and end with an alphanumeric character";
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " + ENDS;
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  `'.', ${ENDS}`;
const UNDERSCORE_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' " +
  `or '.', ${ENDS}`;
const LABEL_1035_WORDS =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an " +
  "alphabetic character, and end with an alphanumeric character";
const WILDCARD_WORDS =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which " +
  "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric " +
  "character";
const CONFIG_KEY_WORDS =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const C_IDENTIFIER_WORDS =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of " +
  "alphanumeric characters or '_'";
const HEADER_WORDS = "a valid HTTP header must consist of alphanumeric characters or '-'";
const PERCENT_WORDS = "a valid percent string must be a numeric string followed by an ending '%'";
const ENV_VAR_WORDS =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', " +
  "or '.', and must not start with a digit";
const RELAXED_ENV_VAR_WORDS =
  "a valid environment variable name must consist only of printable ASCII characters other than " +
  "'='";

/** `a … (e.g. 'x', or 'y', regex used for validation is '…')`. */
export function formProblem(words: string, form: string, ...examples: string[]): string {
  const regex = `regex used for validation is '${form}'`;
  if (examples.length === 0) return `${words} (${regex})`;
  return `${words} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}${regex})`;
}

export function lengthProblem(max: number): string {
  return `must be no more than ${max} characters`;
}

export function rangeProblem(from: number, to: number): string {
  return `must be between ${from} and ${to}, inclusive`;
}

function tooLong(value: string, max: number): string[] {
  return value.length > max || Buffer.byteLength(value) > max ? [lengthProblem(max)] : [];
}

/** Names of namespaces, containers, ports' services: one DNS label. */
export function dnsLabelProblems(value: string): readonly string[] {
  const problems = tooLong(value, 63);
  if (LABEL_FORM.test(value)) return problems;
  if (SUBDOMAIN_FORM.test(value)) problems.push("must not contain dots");
  else problems.push(formProblem(LABEL_WORDS, LABEL, "my-name", "123-abc"));
  return problems;
}

/** Names of most objects. */
export function dnsSubdomainProblems(value: string): readonly string[] {
  const problems = tooLong(value, 253);
  if (SUBDOMAIN_FORM.test(value)) return problems;
  return [...problems, formProblem(SUBDOMAIN_WORDS, SUBDOMAIN, "example.com")];
}

export function dnsSubdomainWithUnderscoreProblems(value: string): readonly string[] {
  const problems = tooLong(value, 253);
  if (UNDERSCORE_SUBDOMAIN_FORM.test(value)) return problems;
  return [...problems, formProblem(UNDERSCORE_WORDS, UNDERSCORE_SUBDOMAIN, "example.com")];
}

/** Names of services. */
export function dns1035LabelProblems(value: string): readonly string[] {
  const problems = tooLong(value, 63);
  if (LABEL_1035_FORM.test(value)) return problems;
  return [...problems, formProblem(LABEL_1035_WORDS, LABEL_1035, "my-name", "abc-123")];
}

/** Hosts of ingresses that begin with `*.`. */
export function wildcardSubdomainProblems(value: string): readonly string[] {
  const problems = tooLong(value, 253);
  if (WILDCARD_FORM.test(value)) return problems;
  return [...problems, formProblem(WILDCARD_WORDS, `\\*\\.${SUBDOMAIN}`, "*.example.com")];
}

/** Names of roles and of what lies in a path: one segment. */
export function pathSegmentProblems(value: string): readonly string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((one) => value.includes(one)).map((one) => `may not contain '${one}'`);
}

/** The same where more characters will follow: `.` and `..` may stand at the beginning. */
export function pathSegmentPrefixProblems(value: string): readonly string[] {
  return ["/", "%"].filter((one) => value.includes(one)).map((one) => `may not contain '${one}'`);
}

/** Keys of config maps and secrets. */
export function configKeyProblems(value: string): readonly string[] {
  const problems = tooLong(value, 253);
  if (!CONFIG_KEY_FORM.test(value)) {
    problems.push(formProblem(CONFIG_KEY_WORDS, CONFIG_KEY, "key.name", "KEY_NAME", "key-name"));
  }
  return [...problems, ...dotProblems(value)];
}

function dotProblems(value: string): readonly string[] {
  if (value === "." || value === "..") return [`must not be '${value}'`];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

export function cIdentifierProblems(value: string): readonly string[] {
  if (C_IDENTIFIER_FORM.test(value)) return [];
  return [formProblem(C_IDENTIFIER_WORDS, C_IDENTIFIER, "my_name", "MY_NAME", "MyName")];
}

/** The strict form; `relaxedEnvVarProblems` is what pods may use. */
export function envVarProblems(value: string): readonly string[] {
  const problems = ENV_VAR_FORM.test(value)
    ? []
    : [formProblem(ENV_VAR_WORDS, ENV_VAR, "my.env-name", "MY_ENV.NAME", "MyEnvName1")];
  return [...problems, ...dotProblems(value)];
}

export function relaxedEnvVarProblems(value: string): readonly string[] {
  if (value === "") return ["environment variable name must be non-empty"];
  return /^[ -<>-~]*$/.test(value) ? [] : [RELAXED_ENV_VAR_WORDS];
}

export function headerNameProblems(value: string): readonly string[] {
  return HEADER_FORM.test(value) ? [] : [formProblem(HEADER_WORDS, HEADER, "X-Header-Name")];
}

export function percentProblems(value: string): readonly string[] {
  return PERCENT_FORM.test(value) ? [] : [formProblem(PERCENT_WORDS, PERCENT, "1%", "93%")];
}

/** A named port: IANA_SVC_NAME. */
export function portNameProblems(value: string): readonly string[] {
  const problems = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(value)) problems.push("must contain at least one letter (a-z)");
  if (value.includes("--")) problems.push("must not contain consecutive hyphens");
  if (/^-|-$/.test(value)) problems.push("must not begin or end with a hyphen");
  return problems;
}

export function portNumberProblems(value: number): readonly string[] {
  return value >= 1 && value <= 65535 ? [] : [rangeProblem(1, 65535)];
}

/**
 * What the placeholders of one case stand for in this replay. In: recorded text with placeholders
 * and the text that came. Out: whether they can be the same, and what each placeholder is from now
 * on.
 */

const PLACEHOLDER = /<([a-z.A-Z-]+?)(\d*)>/g;

/** What may stand for a placeholder; anything for the rest. */
const FORMS: Readonly<Record<string, string>> = {
  uid: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  rv: "\\d+",
  suffix: "[a-z0-9]{5}",
  time: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ",
  microtime: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z",
  continue: "[A-Za-z0-9_-]+",
  clusterIP: "[0-9a-f.:]+",
  nodePort: "\\d+",
  port: "\\d+",
  epoch: "\\d+",
  hash: "[0-9A-Fa-f]+",
};

const NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FORMS),
  "admin",
  "jwt",
  "token",
  "kid",
  "etag",
  "ca.crt",
  "hostname",
  "apiserver-identity",
]);

/** Two names of these never stand for the same. */
const DISTINCT: ReadonlySet<string> = new Set(["uid"]);

export class Bindings {
  readonly #values = new Map<string, string>();
  readonly #owners = new Map<string, string>();

  /** The same so far; what one learns from here on the other does not know. */
  copy(): Bindings {
    const copy = new Bindings();
    for (const [name, value] of this.#values) copy.#values.set(name, value);
    for (const [value, name] of this.#owners) copy.#owners.set(value, name);
    return copy;
  }

  /** The text with what is known filled in; `unknown` says the rest. */
  fill(text: string, unknown: (name: string) => string | undefined): string {
    return text.replace(PLACEHOLDER, (whole, name: string) => {
      return this.#values.get(whole) ?? unknown(name) ?? whole;
    });
  }

  /** True when `actual` can be what was recorded as `recorded`; remembers what stood where. */
  matches(recorded: string, actual: string): boolean {
    if (!recorded.includes("<")) return recorded === actual;
    const names: string[] = [];
    const pattern = this.#pattern(recorded, names);
    const found = new RegExp(`^${pattern}$`, "s").exec(actual);
    if (found === null) return false;
    return names.every((name, at) => this.#bind(name, found[at + 1] ?? ""));
  }

  #pattern(recorded: string, names: string[]): string {
    let pattern = "";
    let last = 0;
    for (const found of recorded.matchAll(PLACEHOLDER)) {
      const [whole, name = "", number = ""] = found;
      if (!NAMES.has(name)) continue;
      pattern += escaped(recorded.slice(last, found.index));
      last = found.index + whole.length;
      const known = number === "" ? undefined : this.#values.get(whole);
      if (known !== undefined) {
        pattern += escaped(known);
        continue;
      }
      pattern += number === "" ? `(?:${FORMS[name] ?? ".*?"})` : `(${FORMS[name] ?? ".*?"})`;
      if (number !== "") names.push(whole);
    }
    return pattern + escaped(recorded.slice(last));
  }

  #bind(placeholder: string, value: string): boolean {
    const known = this.#values.get(placeholder);
    if (known !== undefined) return known === value;
    const name = placeholder.replace(/[<>\d]/g, "");
    if (DISTINCT.has(name)) {
      const owner = `${name} ${value}`;
      if (this.#owners.has(owner)) return false;
      this.#owners.set(owner, placeholder);
    }
    this.#values.set(placeholder, value);
    return true;
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

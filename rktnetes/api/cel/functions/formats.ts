/** `format.dns1123Label().validate("…")`. Pure. */
import { hasFormat } from "../../structural/formats.ts";
import { labelKeyProblems, labelValueProblems } from "../../selectors/label-syntax.ts";
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
} from "../../values/names.ts";
import { type CelValue, Opaque, Optional } from "../values.ts";
import type { Library } from "./library.ts";

const TYPE = "kubernetes.NamedFormat";

type Problems = (text: string) => readonly string[];

/** The beginning of a name that the server completes. */
function prefixOf(problems: Problems): Problems {
  return (text) => problems(text.replace(/-$/, "a"));
}

function plain(format: string): Problems {
  return (text) => (hasFormat(format, text) ? [] : [`invalid ${format}`]);
}

const FORMATS: Readonly<Record<string, Problems>> = {
  dns1123Label: dnsLabelProblems,
  dns1123Subdomain: dnsSubdomainProblems,
  dns1035Label: dns1035LabelProblems,
  qualifiedName: labelKeyProblems,
  dns1123LabelPrefix: prefixOf(dnsLabelProblems),
  dns1123SubdomainPrefix: prefixOf(dnsSubdomainProblems),
  dns1035LabelPrefix: prefixOf(dns1035LabelProblems),
  labelValue: labelValueProblems,
  uri: plain("uri"),
  uuid: plain("uuid"),
  byte: plain("byte"),
  date: plain("date"),
  datetime: plain("datetime"),
};

function named(name: string): CelValue {
  return new Opaque(TYPE, FORMATS[name], name);
}

const ALL: Library = Object.fromEntries(
  Object.keys(FORMATS).map((name) => [`format.${name}`, () => named(name)]),
);

export const FORMAT_FUNCTIONS: Library = {
  ...ALL,
  "format.named": ([name]) => {
    if (typeof name !== "string") return undefined;
    return new Optional(Object.hasOwn(FORMATS, name) ? named(name) : undefined);
  },
  validate: ([format, text]) => {
    if (!(format instanceof Opaque) || format.type !== TYPE || typeof text !== "string") {
      return undefined;
    }
    const problems = (format.content as Problems)(text);
    return new Optional(problems.length === 0 ? undefined : [...problems]);
  },
};

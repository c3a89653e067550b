/**
 * What kinds demand of the names of their objects. In: a name, or the beginning of one to which the
 * server will add letters. Out: words for what is wrong. Pure.
 */
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  pathSegmentPrefixProblems,
  pathSegmentProblems,
} from "../values/names.ts";

/** `prefix` is true for a generateName, whose end is to come. */
export type NameProblems = (name: string, prefix: boolean) => readonly string[];

/** Names of most objects. */
export const subdomainName: NameProblems = (name, prefix) =>
  dnsSubdomainProblems(prefix ? withoutDash(name) : name);

/** Names of namespaces. */
export const labelName: NameProblems = (name, prefix) =>
  dnsLabelProblems(prefix ? withoutDash(name) : name);

/** Names of roles and other things that only have to fit into a path. */
export const pathSegmentName: NameProblems = (name, prefix) =>
  prefix ? pathSegmentPrefixProblems(name) : pathSegmentProblems(name);

/** A dash at the end of a prefix will stand in the middle of the name. */
function withoutDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix;
}

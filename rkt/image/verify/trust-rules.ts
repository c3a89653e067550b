/**
 * The trust policy files of this machine. In: the directories, the vendor's first, and a name; out:
 * the rule that counts for it. A rule of a later directory stands in for the one of the same prefix
 * in an earlier one. Never writes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTrustPolicy, ruleFor, type TrustRule } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** A rule, and the file that says it. */
export interface FiledRule extends TrustRule {
  readonly path: string;
}

/** @throws {Fault} "invalid" a file that is wrong, or two of one directory that disagree */
export function trustRuleFor(directories: readonly string[], name: string): FiledRule | undefined {
  const rules = new Map<string, FiledRule>();
  for (const directory of directories) {
    for (const rule of rulesIn(directory)) rules.set(rule.prefix, rule);
  }
  return ruleFor(rules.values(), name);
}

function rulesIn(directory: string): FiledRule[] {
  const rules: FiledRule[] = [];
  for (const path of filesIn(directory)) {
    for (const rule of readRules(path)) {
      const twin = rules.find(({ prefix }) => prefix === rule.prefix);
      if (twin === undefined) rules.push({ ...rule, path });
      else throw twice(rule, [twin.path, path]);
    }
  }
  return rules;
}

function twice({ prefix }: TrustRule, [first, second]: readonly [string, string]): Fault {
  const places = `in ${quote(first)} and in ${quote(second)}`;
  return new Fault("invalid", `read trust policies: prefix ${quote(prefix)} is ${places}`);
}

/** Symbolic links are passed over, as rkt does with all its configuration. */
function filesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
      .map((entry) => join(directory, entry.name))
      .sort();
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.kind === "not-found") return [];
    throw fault;
  }
}

function readRules(path: string): TrustRule[] {
  try {
    return parseTrustPolicy(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, `read ${quote(path)}`, { cause });
  }
}

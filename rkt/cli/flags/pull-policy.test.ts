import { expect, test } from "bun:test";
import { FlagValues } from "../grammar/flag.ts";
import { OLD_PULL_FLAGS, pullPolicyFlag, pullPolicyOf } from "./pull-policy.ts";

const flag = pullPolicyFlag("new");

for (const [given, policy, lines] of [
  [{}, "new", 0],
  [{ "pull-policy": "never" }, "never", 0],
  [{ "no-store": "true" }, "update", 1],
  [{ "store-only": "true" }, "never", 1],
  [{ "store-only": "false" }, "new", 0],
] as const) {
  test(`${JSON.stringify(given)} means ${policy}`, () => {
    const values = new FlagValues();
    for (const [name, text] of Object.entries(given)) {
      const known = [flag, ...OLD_PULL_FLAGS].find((each) => each.name === name);
      if (known !== undefined) values.add(known, text);
    }
    const notes: string[] = [];
    expect(pullPolicyOf(values, flag, (line) => notes.push(line))).toBe(policy);
    expect(notes).toHaveLength(lines);
  });
}

test("both old flags at once are refused", () => {
  const values = new FlagValues();
  for (const each of OLD_PULL_FLAGS) values.add(each, "true");
  expect(() => pullPolicyOf(values, flag, () => {})).toThrow(
    "both --store-only and --no-store specified",
  );
});

/**
 * Every named instant exists. In: the list in shared/base/crash-point.ts, calls of `crashPoint`.
 * Out: names that no product code passes: a test that kills there would never kill.
 */
import type { Rule } from "../finding.ts";

const LIST = "shared/base/crash-point.ts";

export const crashPoints: Rule = {
  name: "every crash point is placed somewhere",
  check: ({ sources }) => {
    const list = sources.get(LIST);
    if (list === undefined) return [];
    const placed = new Set(
      [...sources.values()]
        .filter(({ path }) => /^(rkt|rktnetes|shared)\//.test(path) && !path.endsWith(".test.ts"))
        .flatMap(({ text }) => [...text.matchAll(/\bcrashPoint\("([\w-]+)"\)/g)].map((m) => m[1])),
    );
    return list.lines.flatMap((text, index) => {
      const name = /^ {2}"([\w-]+)",/.exec(text)?.[1];
      if (name === undefined || placed.has(name)) return [];
      const what = `nothing calls crashPoint("${name}")`;
      const instead = "call it at that instant, or take the name off the list";
      return [{ path: LIST, line: index + 1, what, instead }];
    });
  },
};

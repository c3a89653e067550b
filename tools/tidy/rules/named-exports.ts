/** What a file offers can be searched for by name. In: sources. Out: default and star exports. */
import type { Rule } from "../finding.ts";

const WHAT: ReadonlyMap<string, string> = new Map([
  ["default", "a default export has no name of its own"],
  ["*", "`export *` hides what is offered"],
]);

export const namedExports: Rule = {
  name: "every export has a name",
  check: ({ sources }) =>
    [...sources.values()].flatMap(({ path, exports }) =>
      exports.flatMap(({ name, line }) => {
        const what = WHAT.get(name);
        return what === undefined ? [] : [{ path, line, what, instead: "export it by its name" }];
      }),
    ),
};

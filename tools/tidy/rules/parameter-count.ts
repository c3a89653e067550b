/**
 * Calls stay readable. In: sources. Out: functions with too many parameters; types are not counted.
 */
import type { Rule } from "../finding.ts";
import { functionsOf } from "./functions.ts";

const MAX_PARAMETERS = 4;

export const parameterCount: Rule = {
  name: `no function has more than ${MAX_PARAMETERS} parameters`,
  check: ({ sources }) =>
    [...sources.values()].flatMap((source) =>
      functionsOf(source)
        .filter(({ params }) => params.length > MAX_PARAMETERS)
        .map(({ params, start }) => ({
          path: source.path,
          line: source.lineAt(start),
          what: `the function has ${params.length} parameters, the limit is ${MAX_PARAMETERS}`,
          instead: "take (host, subject, options), options a record",
        })),
    ),
};

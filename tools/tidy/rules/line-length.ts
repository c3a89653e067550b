/**
 * Lines fit beside each other in a review. In: sources. Out: lines above the limit; a URL may stick
 * out.
 */
import type { Rule } from "../finding.ts";

const MAX_LENGTH = 100;

export const lineLength: Rule = {
  name: `no line is longer than ${MAX_LENGTH} characters`,
  check: ({ sources }) =>
    [...sources.values()].flatMap(({ path, lines }) =>
      lines.flatMap((text, index) => {
        if (text.length <= MAX_LENGTH || /https?:\/\/\S{40}/.test(text)) return [];
        const what = `the line has ${text.length} characters, the limit is ${MAX_LENGTH}`;
        return [{ path, line: index + 1, what, instead: "break it, or name a part of it" }];
      }),
    ),
};

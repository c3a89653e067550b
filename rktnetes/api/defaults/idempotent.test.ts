/** Defaults that are set again change nothing, for random objects of every kind. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeJson } from "../codec/decode.ts";
import { encodeJson } from "../codec/encode.ts";
import { objectsOf } from "../codec/testsuite.ts";
import { builtinKinds } from "../kinds/load.ts";
import { loadStrategy } from "../strategy/load.ts";

const kinds = builtinKinds().map((kind) => [`${kind.group}/${kind.version} ${kind.kind}`, kind]);

test.each(kinds as [string, ReturnType<typeof builtinKinds>[number]][])(
  "%s",
  async (_name, kind) => {
    const { schema } = kind;
    const { setDefaults } = await loadStrategy(kind);
    const complete = (text: string): string => {
      const { object } = decodeJson(schema, text);
      setDefaults?.(object);
      return encodeJson(schema, object);
    };
    fc.assert(
      fc.property(objectsOf(schema), (input) => {
        const once = complete(JSON.stringify(input));
        expect(complete(once)).toBe(once);
      }),
      { numRuns: 40 },
    );
  },
);

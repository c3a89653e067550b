import { describe, expect, test } from "bun:test";
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from "./detach-keys.ts";

describe("parseDetachKeys()", () => {
  test.each([
    [DEFAULT_DETACH_KEYS, [16, 17]],
    ["ctrl-a,d", [1, 100]],
    ["ctrl-@,ctrl-[,~", [0, 27, 126]],
  ])("%s", (text, want) => expect([...parseDetachKeys(text)]).toEqual(want));

  test.each(["", "ctrl-", "ctrl-P", "ab", "a,,b", " "])("refuses %j", (text) => {
    expect(() => parseDetachKeys(text)).toThrow("are no detach keys");
  });
});

describe("DetachKeys", () => {
  const typed = (keys: string, ...chunks: string[]): [passed: string, isDetached: boolean] => {
    const detach = new DetachKeys(parseDetachKeys(keys));
    let passed = "";
    for (const chunk of chunks) {
      const part = detach.add(Buffer.from(chunk));
      passed += part.passed.toString();
      if (part.isDetached) return [passed, true];
    }
    return [passed, false];
  };

  test.each([
    ["a,b", ["hello"], "hello", false, "other keys"],
    ["a,b", ["xaby"], "x", true, "what follows is not sent"],
    ["a,b", ["xa", "b"], "x", true, "in two pieces"],
    ["a,b", ["xa"], "x", false, "the beginning waits"],
    ["a,b", ["a", "c"], "ac", false, "it was not the beginning"],
    ["a,b", ["aab"], "a", true, "the beginning twice"],
    ["a,a,b", ["aaab"], "a", true, "a beginning inside of a beginning"],
    ["a", ["a"], "", true, "one key"],
  ] as const)("%s of %j: %j, %p (%s)", (keys, chunks, passed, isDetached) => {
    expect(typed(keys, ...chunks)).toEqual([passed, isDetached]);
  });
});

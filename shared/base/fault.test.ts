import { describe, expect, test } from "bun:test";
import { openSync } from "node:fs";
import { describeFault, Fault, hintOf, quote } from "./fault.ts";

describe("describeFault()", () => {
  const root = new Fault("not-found", `open ${quote("/a")}: no such file or directory`);

  test("joins the causes, outermost first", () => {
    const fault = new Fault("invalid", "read the manifest", { cause: root });
    expect(describeFault(fault)).toBe('read the manifest: open "/a": no such file or directory');
  });

  test("says a message once that two layers share", () => {
    const fault = new Fault("not-found", root.message, { cause: root });
    expect(describeFault(fault)).toBe(root.message);
  });

  test("shows what happened, not what the clean-up met on top of it", () => {
    const suppressed = new SuppressedError(new Error("clean-up"), root, "both");
    expect(describeFault(suppressed)).toBe(root.message);
  });

  test("makes control characters visible", () => {
    expect(describeFault(new Fault("invalid", "bad \u001b[31mname\n"))).toBe(
      "bad \\u001b[31mname\\n",
    );
  });

  test("takes what is no error at all", () => {
    expect(describeFault("text")).toBe("text");
  });
});

describe("Fault.from()", () => {
  test("an errno of the system becomes its kind, in words", () => {
    let thrown: unknown;
    try {
      openSync("/nowhere/at/all", "r");
    } catch (error) {
      thrown = error;
    }
    const fault = Fault.from(thrown);
    expect(fault.kind).toBe("not-found");
    expect(fault.message).toBe('open "/nowhere/at/all": no such file or directory');
  });

  test("an abort is canceled, anything unknown is internal", () => {
    expect(Fault.from(new DOMException("stop", "AbortError")).kind).toBe("canceled");
    expect(Fault.from(new TypeError("x is not a function")).kind).toBe("internal");
  });

  test("a fault stays itself", () => {
    const fault = new Fault("denied", "no");
    expect(Fault.from(fault)).toBe(fault);
  });
});

test("hintOf() gives the hint nearest to the origin", () => {
  const inner = new Fault("denied", "inner", { hint: "trust the key" });
  const middle = new Fault("denied", "middle", { cause: inner });
  const outer = new Fault("denied", "outer", { cause: middle, hint: "look around" });
  expect(hintOf(outer)).toBe("trust the key");
  expect(hintOf(new Fault("denied", "none"))).toBeUndefined();
});

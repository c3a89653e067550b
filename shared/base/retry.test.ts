import { describe, expect, test } from "bun:test";
import { retry } from "./retry.ts";

const always = { attemptsMax: 4, baseMs: 100, ceilingMs: 250, worthwhile: () => true } as const;

function clockOf(waits: number[]): Parameters<typeof retry>[0] {
  const sleep = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return { clock: { now: () => 0, sleep }, random: () => 1 };
}

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

describe("retry()", () => {
  test("waits twice as long each time, up to the ceiling, then succeeds", async () => {
    const waits: number[] = [];
    const action = (attempt: number): Promise<string> =>
      attempt < 3 ? Promise.reject(new Error("no")) : Promise.resolve("yes");
    expect(await retry(clockOf(waits), action, always)).toBe("yes");
    expect(waits).toEqual([100, 200, 250]);
  });

  test("passes the last failure on when the attempts are used up", async () => {
    const waits: number[] = [];
    const action = (attempt: number): Promise<never> => Promise.reject(new Error(`no ${attempt}`));
    expect(await failure(retry(clockOf(waits), action, always))).toEqual(new Error("no 3"));
    expect(waits).toHaveLength(3);
  });

  test("waits as long as a failure asks for, where it does", async () => {
    const waits: number[] = [];
    const action = (attempt: number): Promise<string> =>
      attempt < 2 ? Promise.reject(new Error(`${attempt}`)) : Promise.resolve("yes");
    const delayMs = (error: unknown): number | undefined =>
      (error as Error).message === "0" ? 7000 : undefined;
    expect(await retry(clockOf(waits), action, { ...always, delayMs })).toBe("yes");
    expect(waits).toEqual([7000, 200]);
  });

  test("does not try again what is not worthwhile", async () => {
    const waits: number[] = [];
    const action = (): Promise<never> => Promise.reject(new Error("denied"));
    const options = { ...always, worthwhile: () => false };
    expect(await failure(retry(clockOf(waits), action, options))).toEqual(new Error("denied"));
    expect(waits).toEqual([]);
  });
});

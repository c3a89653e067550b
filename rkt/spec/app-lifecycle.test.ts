import { expect, test } from "bun:test";
import {
  checkStartOrder,
  INIT_APP_ANNOTATION,
  lifecycleOf,
  parseRestartPolicy,
  RESTART_ANNOTATION,
  START_AFTER_ANNOTATION,
} from "./app-lifecycle.ts";

test.each([
  ["no", { when: "no" }],
  ["on-failure", { when: "on-failure" }],
  ["on-failure:3", { when: "on-failure", timesMax: 3 }],
  ["on-failure:0", { when: "on-failure", timesMax: 0 }],
  ["always", { when: "always" }],
] as const)("the policy %p is read", (text, policy) => {
  expect(parseRestartPolicy(text)).toEqual(policy);
});

test.each(["", "maybe", "always:3", "no:1", "on-failure:", "on-failure:x", "on-failure:-1"])(
  "the policy %p is refused",
  (text) => {
    expect(() => parseRestartPolicy(text)).toThrow(`"${text}" is no restart policy`);
  },
);

test("an app without annotations runs once, with the others", () => {
  expect(lifecycleOf({})).toEqual({ restart: { when: "no" }, isInit: false, startAfter: [] });
});

test("the annotations say how an app begins and goes on", () => {
  const annotations = [
    { name: RESTART_ANNOTATION, value: "always" },
    { name: INIT_APP_ANNOTATION, value: "true" },
    { name: START_AFTER_ANNOTATION, value: "db,cache" },
  ];
  expect(lifecycleOf({ annotations })).toEqual({
    restart: { when: "always" },
    isInit: true,
    startAfter: ["db", "cache"],
  });
});

const app = (name: string, after: string, isInit = false) => ({
  name,
  annotations: [
    { name: START_AFTER_ANNOTATION, value: after },
    { name: INIT_APP_ANNOTATION, value: String(isInit) },
  ],
});

test("apps may start after others, whichever comes first in the manifest", () => {
  checkStartOrder([app("web", "db,cache"), app("db", ""), app("cache", "db")]);
});

test.each([
  ["itself", [app("a", "a")], '"a" wait for each other'],
  ["a ring", [app("a", "b"), app("b", "a"), app("c", "")], '"a", "b" wait for each other'],
  ["nobody", [app("a", "b")], 'start app "a" after "b": the pod has no such app'],
  ["a later one", [app("a", "b", true), app("b", "")], "init apps start in the order of the pod"],
])("an app that waits for %s is refused", (_, apps, words) => {
  expect(() => checkStartOrder(apps)).toThrow(words);
});

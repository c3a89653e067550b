import { expect, test } from "bun:test";
import { matchesLabels, parseLabelSelector } from "./label-selector.ts";

const LABELS = { app: "web", tier: "2", empty: "" };

const MATCHING: readonly (readonly [selector: string, matches: boolean, reason: string])[] = [
  ["", true, "an empty selector matches everything"],
  ["app=web", true, "equal"],
  ["app==web", true, "equal, written twice"],
  ["app!=web", false, "not equal"],
  ["none!=x", true, "what is not there is not equal"],
  ["app in (web, db)", true, "one of several"],
  ["app notin (web,db)", false, "none of several"],
  ["none notin (x)", true, "what is not there is none of them"],
  ["app", true, "it exists"],
  ["!app", false, "it does not exist"],
  ["!none", true, "what is not there does not exist"],
  ["tier>1", true, "greater"],
  ["tier<1", false, "smaller"],
  ["app>1", false, "what is no number is not greater"],
  ["empty=", true, "an empty value"],
  ["app=web,tier=3", false, "all must hold"],
  [" app = web , tier ", true, "white space means nothing"],
  ["app in ()", false, "none of nothing"],
  ["toString", false, "names of prototypes are no labels"],
];

for (const [selector, matches, reason] of MATCHING) {
  test(`${JSON.stringify(selector)}: ${reason}`, () => {
    expect(matchesLabels(parseLabelSelector(selector), LABELS)).toBe(matches);
  });
}

const REFUSED: readonly (readonly [selector: string, message: string])[] = [
  ["=x", "found '=', expected: !, identifier, or 'end of string'"],
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["i in 1", "unable to parse requirement: found '1' expected: '('"],
  ["i in (1", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["i=1,", "found '', expected: identifier after ','"],
  ["i=1,,b", "found ',', expected: identifier after ','"],
];

for (const [selector, message] of REFUSED) {
  test(`refused: ${selector}`, () => {
    expect(() => parseLabelSelector(selector)).toThrow(message);
  });
}

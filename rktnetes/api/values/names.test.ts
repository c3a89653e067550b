import { describe, expect, test } from "bun:test";

import {
  configKeyProblems,
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  pathSegmentProblems,
  portNameProblems,
  relaxedEnvVarProblems,
  wildcardSubdomainProblems,
} from "./names.ts";

const LONG = "a".repeat(254);

describe("names that are right", () => {
  const rows: readonly (readonly [(value: string) => readonly string[], string])[] = [
    [dnsLabelProblems, "a-1"],
    [dnsSubdomainProblems, "a.b-c.1"],
    [dns1035LabelProblems, "a-1"],
    [wildcardSubdomainProblems, "*.example.com"],
    [configKeyProblems, "A_b.c-d"],
    [portNameProblems, "http-2"],
    [pathSegmentProblems, "system:node"],
    [relaxedEnvVarProblems, "a b:c"],
  ];
  test.each(rows)("%p of %p", (problems, value) => {
    expect(problems(value)).toEqual([]);
  });
});

describe("names that are wrong", () => {
  const subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used " +
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  const label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex " +
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  const rows: readonly (readonly [(value: string) => readonly string[], string, string[]])[] = [
    [dnsSubdomainProblems, "A", [subdomain]],
    [dnsSubdomainProblems, "a\n", [subdomain]],
    [dnsSubdomainProblems, LONG, ["must be no more than 253 characters"]],
    [dnsLabelProblems, "-a", [label]],
    [dnsLabelProblems, "a.b", ["must not contain dots"]],
    [configKeyProblems, "..a", ["must not start with '..'"]],
    [configKeyProblems, "..", ["must not be '..'"]],
    [pathSegmentProblems, "..", ["may not be '..'"]],
    [pathSegmentProblems, "a/%", ["may not contain '/'", "may not contain '%'"]],
    [
      portNameProblems,
      "--",
      [
        "must contain at least one letter (a-z)",
        "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
      ],
    ],
    [relaxedEnvVarProblems, "", ["environment variable name must be non-empty"]],
  ];
  test.each(rows)("%p of %p", (problems, value, words) => {
    expect(problems(value)).toEqual(words);
  });
});

/** What is derived twice from one source says the same: no generated file was edited by hand. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGES } from "./packages.ts";
import { readStructs } from "./read-table.ts";
import { typesText } from "./typescript.ts";

const API = join(import.meta.dir, "../../../rktnetes/api");

/** The formatter breaks lines, and sets commas where it does. */
function unformatted(text: string): string {
  return text.replaceAll(/[\s,]+/g, "");
}

test("every API has one table and one file of types, and nothing else is there", () => {
  const tables = PACKAGES.map(({ id }) => `${id}.txt`).toSorted();
  expect(readdirSync(join(API, "kinds/generated")).toSorted()).toEqual(tables);
  const types = PACKAGES.map(({ id }) => `${id.replaceAll("_", "-")}.ts`).toSorted();
  expect(readdirSync(join(API, "types")).toSorted()).toEqual(types);
});

test.each(PACKAGES.map((of) => [of.id, of] as const))(
  "types of %s are those of its table",
  (id, of) => {
    const table = readFileSync(join(API, "kinds/generated", `${id}.txt`), "utf8");
    const types = readFileSync(join(API, "types", `${id.replaceAll("_", "-")}.ts`), "utf8");
    expect(unformatted(types)).toBe(unformatted(typesText(of, readStructs(of, table))));
  },
);

/**
 * Which part may know which. In: imports. Out: imports across a border that exists for a reason.
 * What a package.json does not list cannot be imported at all; these rules are about the rest.
 */
import type { Finding, Rule } from "../finding.ts";
import { allEdges, type Edge } from "../import-graph.ts";

interface Border {
  readonly crossedBy: (edge: Edge) => boolean;
  readonly what: string;
  readonly instead: string;
}

const BORDERS: readonly Border[] = [
  {
    crossedBy: ({ from, to }) => within(from, "rktnetes") && within(to, "rkt"),
    what: "rktnetes imports rkt",
    instead: "speak CRI over the socket; what both need belongs in shared/",
  },
  {
    crossedBy: ({ from, to }) => within(from, "rkt") && within(to, "rktnetes"),
    what: "rkt imports rktnetes",
    instead: "only app/main.ts knows both; what both need belongs in shared/",
  },
  {
    crossedBy: ({ from, to }) => within(from, "shared") && !within(to, "shared"),
    what: "shared/ imports a product",
    instead: "pass it in as a parameter, or move the code into the product",
  },
  {
    crossedBy: ({ from, to }) =>
      /^(e2e|bench)\//.test(from) && /^(app|rkt|rktnetes|shared)\//.test(to),
    what: "a test from outside imports the program",
    instead: "drive the executable in dist/",
  },
  {
    crossedBy: ({ from, to }) =>
      !/^(e2e|bench|tools)\//.test(from) && /^(e2e|bench|tools)\//.test(to),
    what: "the program imports a tool or a test from outside",
    instead: "move the code into the program",
  },
  {
    crossedBy: ({ from, to }) => {
      const flavours = [flavourOf(from), flavourOf(to)];
      return !flavours.includes(undefined) && flavours[0] !== flavours[1];
    },
    what: "a stage1 flavour imports another",
    instead: "move what both need up into rkt/stage1/",
  },
  {
    crossedBy: ({ from, to }) => within(from, "rkt/stage0") && flavourOf(to) !== undefined,
    what: "stage0 imports the inside of a flavour",
    instead: "go through an entrypoint of rkt/stage1/contract.ts",
  },
  {
    crossedBy: ({ from, to }) =>
      to.endsWith("/mod.ts") && packageOf(from) === packageOf(to) && !from.endsWith(".test.ts"),
    what: "a file imports its own package's mod.ts",
    instead: "import the file that declares it",
  },
];

const FLAVOURS = ["crun", "fly", "kvm", "nspawn"];

export const borders: Rule = {
  name: "no import crosses a border",
  check: (repository) =>
    allEdges(repository).flatMap((edge) =>
      BORDERS.filter(({ crossedBy }) => crossedBy(edge)).map((border) => toFinding(edge, border)),
    ),
};

function toFinding(edge: Edge, { what, instead }: Border): Finding {
  return { path: edge.from, line: edge.line, what: `${what} (${edge.to})`, instead };
}

function within(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function flavourOf(path: string): string | undefined {
  return FLAVOURS.find((flavour) => within(path, `rkt/stage1/${flavour}`));
}

function packageOf(path: string): string {
  const depth = /^(shared|rkt|rktnetes)\//.test(path) ? 2 : 1;
  return path.split("/").slice(0, depth).join("/");
}

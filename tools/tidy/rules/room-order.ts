/**
 * The rooms of rkt/image lie in the order of the flow. In: imports. Out: imports of a later room by
 * an earlier one. What comes out of a room is a type of its own, so the next may import that.
 */
import type { Rule } from "../finding.ts";
import { allEdges } from "../import-graph.ts";

const HOUSE = "rkt/image";
const ROOMS = ["discover", "fetch", "verify", "store", "layers"];

export const roomOrder: Rule = {
  name: `the rooms of ${HOUSE} import only earlier ones`,
  check: (repository) =>
    allEdges(repository).flatMap(({ from, to, line }) => {
      const [own, other] = [roomOf(from), roomOf(to)];
      if (own === -1 || other <= own) return [];
      const what = `${ROOMS[own]} comes before ${ROOMS[other]} and imports it (${to})`;
      const instead = "pass the result on through rkt/image/pull.ts, or move the type up";
      return [{ path: from, line, what, instead }];
    }),
};

function roomOf(path: string): number {
  return ROOMS.findIndex((room) => path.startsWith(`${HOUSE}/${room}/`));
}

/**
 * `npm run bench:api`: the API server beside a bare HTTPS server that answers the same bytes, and
 * what kube-apiserver needed on such a machine. Server and load share the machine's cores. In: the
 * built executable, wrk. Out: a table.
 */
import { heading, line } from "./api/figure.ts";
import { measureApi } from "./api/figures.ts";

console.log(heading());
for await (const figure of measureApi()) console.log(line(figure));

/**
 * From the command to an image that is ready to run: 200 MB in eight layers, and one that shares
 * seven of them; what it takes in memory.
 */
import { join } from "node:path";
import { measuring, must, readMemory } from "@e2e/rkt";
import type { Figure, Measured } from "../figure.ts";
import { type Images, sister, startImages } from "../images.ts";
import { median, timeOnce } from "../timing.ts";

const RUNS = 3;
const SISTER = sister(0);

interface Times {
  readonly all: number;
  readonly sister: number;
}

interface Rounds {
  readonly rkt: Times;
  readonly podman: Times;
  readonly umoci: Times;
}

/** Each engine in turn, all stores empty before each round; the first round is for warming up. */
async function rounds(): Promise<Rounds> {
  await using images = await startImages(1);
  const engines = ["rkt", "podman", "umoci"] as const;
  const times: Record<(typeof engines)[number], Times[]> = { rkt: [], podman: [], umoci: [] };
  for (let round = 0; round <= RUNS; round++) {
    await images.forget();
    for (const engine of engines) {
      const all = timeOnce(images[engine]("all"));
      const time = { all, sister: timeOnce(images[engine](SISTER)) };
      if (round > 0) times[engine].push(time);
    }
  }
  const middle = (each: readonly Times[]): Times => ({
    all: median(each.map(({ all }) => all)),
    sister: median(each.map((time) => time.sister)),
  });
  return { rkt: middle(times.rkt), podman: middle(times.podman), umoci: middle(times.umoci) };
}

let begun: Promise<Rounds> | undefined;

/** Three figures look at the same rounds. */
const sameRounds = (): Promise<Rounds> => (begun ??= rounds());

const best = (which: keyof Times, { podman, umoci }: Rounds): number =>
  Math.min(podman[which], umoci[which]);

function figure(
  what: Pick<Figure, "name" | "peer" | "first" | "aim">,
  from: (rounds: Rounds) => Measured,
): Figure {
  return { ...what, unit: "ratio", measure: async () => from(await sameRounds()) };
}

export const fetchOfAll: Figure = figure(
  {
    name: "image: fetch 200 MB, 8 layers",
    peer: "podman or umoci, the best",
    first: 0.67,
    aim: 0.5,
  },
  (found) => ({ ours: found.rkt.all, peer: best("all", found) }),
);

/**
 * One new layer of 5 MB in 600 files. The aim is out of reach while a layer is unpacked by a
 * process of its own and is on disk before it counts. Milliseconds of 96, alone on 2 cores: until
 * the registry is asked 14, TLS tried and http found 12, manifest and configuration 5, the process
 * started 10, gunzip and write 33 (libdeflate would take 3 less), sync 6, records and end 11.
 * podman, which syncs nothing, takes 112 to 164.
 */
export const fetchOfSister: Figure = figure(
  {
    name: "image: fetch, 7 of 8 layers there",
    peer: "podman or umoci, the best",
    first: 0.67,
    aim: 0.2,
  },
  (found) => ({ ours: found.rkt.sister, peer: best("sister", found) }),
);

export const sisterBesideAll: Figure = figure(
  { name: "image: fetch, 7 of 8 layers there", peer: "rkt, none there", first: 0.2, aim: 0.1 },
  (found) => ({ ours: found.rkt.sister, peer: found.rkt.all }),
);

export const fetchMemory: Figure = {
  name: "image: memory of that fetch",
  peer: "podman pull",
  unit: "MB",
  first: 150,
  aim: 100,
  measure: async () => {
    await using images = await startImages(0);
    return {
      ours: await memoryOf(images, images.rkt("all")),
      peer: await memoryOf(images, images.podman("all")),
    };
  },
};

/** MB that a command and all its children have for themselves at their largest moment. */
async function memoryOf(images: Images, argv: readonly string[]): Promise<number> {
  const note = join(images.directory, "memory.json");
  await must([...measuring(note), ...argv]);
  return readMemory(note).togetherMB;
}

/**
 * `npm run soak`: many pods at once, then many in a row; what there is more of afterwards leaks.
 *
 * In: the built executable; arguments `[RUNS [CROWD]]`, 1000 and 200 without. Out: a table on
 * standard output, exit status 1 where something leaked or failed. Works on a machine inside the
 * machine, as the tests do; takes some minutes.
 */
import { crowd, type Failure, leaks, soak, startWorld } from "@e2e/rkt";

function printFailures(failures: readonly Failure[]): void {
  for (const { argv, status, stderr } of failures.slice(0, 10)) {
    console.log(`failed with status ${status}: rkt ${argv.join(" ")}\n${stderr}`);
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function main(): Promise<boolean> {
  const [runs = 1000, pods = 200] = process.argv.slice(2).map(Number);
  await using world = await startWorld();
  await world.store();
  const many = await crowd(world, pods);
  const addresses = new Set(many.addresses).size;
  console.log(`${many.started} of ${pods} pods started at once in ${seconds(many.startMs)}`);
  console.log(`${addresses} addresses, listed in ${many.listMs.toFixed(0)} ms`);
  console.log(`stopped in ${seconds(many.stopMs)}, collected in ${seconds(many.collectMs)}`);
  printFailures(many.failures);
  const { before, after, failures, elapsedMs } = await soak(world, runs, (done) => {
    console.log(`${done} of ${runs} runs`);
  });
  console.log(`${runs} runs in a row: ${(elapsedMs / runs).toFixed(0)} ms each`);
  for (const [name, count] of Object.entries(before)) {
    const now = after[name as keyof typeof after];
    console.log(`${name.padEnd(12)} ${String(count).padStart(7)} -> ${String(now).padStart(7)}`);
  }
  printFailures(failures);
  const left = await world.residue();
  const leaked = leaks(before, after);
  for (const line of left) console.log(`left: ${line}`);
  for (const name of leaked) console.log(`leaks: ${name}`);
  const broken = many.failures.length + failures.length + left.length + leaked.length;
  console.log(broken === 0 ? "nothing leaks" : `${broken} problems`);
  return broken === 0;
}

process.exitCode = (await main()) ? 0 : 1;

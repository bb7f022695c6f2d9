// Started by a launcher on each rank: sums of several lengths, timed beside a copy of as many bytes on this machine.
import { startParallel } from "@cramkit/parallel";

/** Float32 values: those of a toy, of a small encoder, and of crammed-bert. */
const lengths = [1 << 12, 1 << 20, 1 << 23, 119_600_000];

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

const communicator = startParallel();
const quick = process.argv.includes("--quick");
for (const length of quick ? lengths.slice(0, 2) : lengths) {
  const values = new Float32Array(length).fill(1);
  const other = new Float32Array(length);
  const [sums, copies]: [number[], number[]] = [[], []];
  const rounds = length > 1 << 24 ? 3 : 9;
  for (let round = 0; round <= rounds; round++) {
    await communicator.barrier();
    let startedAt = performance.now();
    other.set(values);
    const copied = performance.now() - startedAt;
    values.fill(1); // the sum of as many ones as there are ranks
    await communicator.barrier();
    startedAt = performance.now();
    await communicator.allReduce(values);
    const summed = performance.now() - startedAt;
    if (values[length - 1] !== communicator.size)
      throw new Error(`expected ${communicator.size}, got ${values[length - 1]}`);
    if (round === 0) continue; // pages are touched for the first time
    sums.push(summed);
    copies.push(copied);
  }
  if (communicator.rank === 0)
    console.log(JSON.stringify({ length, ranks: communicator.size, sumMs: median(sums), copyMs: median(copies) }));
}
await communicator.dispose();

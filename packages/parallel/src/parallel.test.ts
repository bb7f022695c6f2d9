import { describe, expect, it } from "vitest";
import { launchers, runRanks } from "./ranks.testing.ts";

// Debian's openmpi-bin and mpich; without them these tests are skipped, and say so.
describe.skipIf(launchers.length === 0)("ranks of a launcher", { timeout: 120_000 }, () => {
  for (const launcher of launchers) {
    const { name } = launcher;
    it.each([1, 2, 4])(`${name}: ranks (%i) exchange every kind of array`, async (ranks) => {
      const { code, output } = await runRanks(
        launcher,
        ranks,
        `
        const c = parallel.startParallel();
        const check = (what, got, wanted) => {
          const [a, b] = [got, wanted].map((v) => JSON.stringify(Array.from(v)));
          if (a !== b) { console.error(\`\${what}: expected \${b}, got \${a}\`); c.abort(9); }
        };
        const all = Array.from({ length: c.size }, (_, r) => r);
        const total = all.reduce((sum, r) => sum + r + 1, 0);
        const floats = Float32Array.from({ length: 3_000_001 }, (_, i) => (c.rank + 1) * (i % 7));
        const ints = Int32Array.of(c.rank, -c.rank);
        const doubles = Float64Array.of(c.rank + 0.25);
        // Not awaited one by one: they are queued.
        const work = [c.allReduce(floats), c.allReduce(ints, "max"), c.allReduce(doubles, "min"), c.allReduce(new Float32Array(0))];
        await Promise.all(work);
        if (!floats.every((x, i) => x === total * (i % 7))) c.abort(8);
        check("max", ints, [c.size - 1, 0]);
        check("min", doubles, [0.25]);
        const shared = new Float32Array(new SharedArrayBuffer(16), 4, 3).fill(c.rank);
        await c.broadcast(shared, c.size - 1);
        check("broadcast", shared, [c.size - 1, c.size - 1, c.size - 1]);
        check("gather", await c.allGather(Uint8Array.of(c.rank, 7)), all.flatMap((r) => [r, 7]));
        check("all to all", await c.allToAll(Uint8Array.from(all, (to) => 10 * c.rank + to)), all.map((from) => 10 * from + c.rank));
        await c.barrier();
        await parallel.requireAgreement(c, { recipe: { a: 1 }, library: "x" });
        if (c.rank === 0) console.log(c.description);
        await c.dispose();
        `,
      );
      expect(output).not.toMatch(/expected/);
      expect(code, output).toBe(0);
      expect(output).toContain(ranks === 1 ? "one rank" : `rank 0 of ${ranks}, ${name} (`);
    });

    it(`${name}: sums in half precision are the same bits everywhere, and near those in float32`, async () => {
      const { code, output } = await runRanks(
        launcher,
        3,
        `
        import { createHash } from "node:crypto";
        const c = parallel.startParallel();
        // A coarse code of 16 bits stands for float16 here: thousandths.
        const codec = {
          encode: (values, out) => values.forEach((v, i) => { out[i] = Math.round(v * 1000) + 30000; }),
          decode: (bits, out) => bits.forEach((b, i) => { out[i] = (b - 30000) / 1000; }),
        };
        const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * (c.rank + 1)));
        await parallel.sumInHalfPrecision(c, values, codec);
        const worst = Math.max(...values.map((v, i) => Math.abs(v - [1, 2, 3].reduce((s, r) => s + Math.sin(i * r), 0))));
        const digest = createHash("sha256").update(values).digest();
        await parallel.requireAgreement(c, { digest: digest.toString("hex") });
        if (c.rank === 0) console.log("worst " + worst);
        await c.dispose();
        `,
      );
      expect(code, output).toBe(0);
      expect(Number(/worst (\S+)/.exec(output)![1])).toBeLessThan(0.0031);
    });

    it(`${name}: ranks that differ say what and which, all of them end`, async () => {
      const { code, output } = await runRanks(
        launcher,
        3,
        `
        const c = parallel.startParallel();
        try {
          await parallel.requireAgreement(c, { recipe: c.rank === 2 ? "b" : "a", data: 1 });
        } catch (error) {
          if (c.rank === 0) console.error(error.message);
          await c.dispose();
          process.exitCode = 1;
        }
        `,
      );
      expect(code).not.toBe(0);
      expect(output).toContain("other values than rank 0's for recipe (rank 2)");
    });

    it(`${name}: a rank without a library ends the job, whose other ranks wait for it`, async () => {
      const started = Date.now();
      const { code, output } = await runRanks(
        launcher,
        2,
        `
        const [rank] = [process.env.OMPI_COMM_WORLD_RANK, process.env.PMI_RANK].filter(Boolean);
        if (rank === "1") process.env.CRAMKIT_MPI = "libnothing.so";
        parallel.startParallel();
        `,
      );
      expect(code, output).not.toBe(0);
      expect(output).toContain("expected an MPI library, got libnothing.so");
      expect(Date.now() - started).toBeLessThan(50_000); // by itself, not by the test's own limit
    });

    it.each([
      ["is killed", "process.kill(process.pid, 'SIGKILL')"],
      ["throws", "throw new Error('a bug')"],
      ["ends as if it were done", "process.exit(0)"],
    ])(`${name}: when a rank %s the job ends with a code that is not zero`, async (_, ending) => {
      const started = Date.now();
      const { code, output } = await runRanks(
        launcher,
        3,
        `
        const c = parallel.startParallel();
        await c.barrier();
        if (c.rank === 1) { ${ending}; }
        await c.allReduce(new Float32Array(10)); // waits for the rank that is gone
        await c.dispose();
        `,
      );
      expect(code, output).not.toBe(0);
      expect(Date.now() - started).toBeLessThan(50_000); // by itself, not by the test's own limit
    });
  }

  it.skipIf(launchers.length < 2)("a library of another family than the launcher's is noticed", async () => {
    const [openMpi] = launchers;
    const { code, output } = await runRanks(openMpi!, 2, "parallel.startParallel();", {
      env: { CRAMKIT_MPI: "libmpich.so.12" },
    });
    expect(code).not.toBe(0);
    expect(output).toMatch(/expected 2 ranks, as Open MPI started, got 1 from .*libmpich\.so\.12/);
  });
});

import { expect, it } from "vitest";
import { launchers, runRanks } from "../ranks.testing.ts";

const timeout = 120_000;
const native = `
const { createRequire } = process.getBuiltinModule("node:module");
const native = (await import(createRequire(${JSON.stringify(import.meta.url)}).resolve("@cramkit/native"))).startNative();
`;

for (const launcher of launchers) {
  it(`${launcher.name}: the code of the C library stays as its file has it`, { timeout }, async () => {
    const { code, output } = await runRanks(
      launcher,
      2,
      `
      const { openSync, readFileSync, readSync } = process.getBuiltinModule("node:fs");
      const c = parallel.startParallel();
      const parts = readFileSync("/proc/self/maps", "utf8").split("\\n").filter((l) => / r-xp .*libc\\.so/.test(l));
      const isAsItWas = (line) => {
        const [range, , offset, , , file] = line.split(/ +/);
        const [start, end] = range.split("-").map((text) => Number.parseInt(text, 16));
        const [inMemory, onDisk] = [Buffer.alloc(end - start), Buffer.alloc(end - start)];
        readSync(openSync("/proc/self/mem"), inMemory, 0, end - start, start);
        readSync(openSync(file), onDisk, 0, end - start, Number.parseInt(offset, 16));
        return inMemory.equals(onDisk);
      };
      console.log(c.rank, parts.length > 0 && parts.every(isAsItWas) ? "as it was" : "rewritten");
      await c.dispose();
      `,
    );
    expect(code, output).toBe(0);
    expect(output.match(/as it was/g)).toHaveLength(2);
  });

  it(`${launcher.name}: a heap that cannot grow keeps its last page`, { timeout }, async () => {
    const { code, output } = await runRanks(
      launcher,
      2,
      `
      ${native}
      const libc = native.open(null);
      const sbrk = libc.func("sbrk", ["i64", "i64"]);
      const map = libc.func("mmap", ["i64", "i64", "u64", "i32", "i32", "i32", "i64"]);
      // V8's code lies there in one start of some 20.
      const [nothingAllowed, privateAndEmptyAndNotOverOthers] = [0, 0x100022];
      let end;
      do map((end = sbrk(0)), 1 << 16, nothingAllowed, privateAndEmptyAndNotOverOthers, -1, 0);
      while (sbrk(0) !== end);
      const c = parallel.startParallel();
      console.log(c.rank, end - sbrk(0) === 4096n ? "lost" : "kept");
      await c.dispose();
      `,
    );
    expect(code, output).toBe(0);
    expect(output.match(/kept/g)).toHaveLength(2);
  });

  it(`${launcher.name}: a WebAssembly access out of bounds is an error, and no end`, { timeout }, async () => {
    const { code, output } = await runRanks(
      launcher,
      2,
      `
      const c = parallel.startParallel();
      // (module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))
      const bytes = "0061736d0100000001060160017f017f030201000503010001070501016600000a0901070020002802000b";
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(bytes, "hex")));
      try {
        exports.f(-5);
      } catch (error) {
        console.log(c.rank, error.message);
      }
      await c.dispose();
      `,
    );
    expect(code, output).toBe(0);
    expect(output.match(/memory access out of bounds/g)).toHaveLength(2);
  });
}

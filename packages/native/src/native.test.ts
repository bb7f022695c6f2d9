import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { compileLibrary, exampleSource } from "./compiled.testing.ts";
import { startNative } from "./index.ts";

const source = fileURLToPath(new URL("./index.ts", import.meta.url));
const library = compileLibrary(exampleSource);
const mathLibrary = { linux: "libm.so.6", darwin: "libm.dylib", win32: "ucrtbase.dll" }[process.platform as "linux"];
const interfaces = (["koffi", "node:ffi"] as const).filter((name) => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isThere = name === "koffi" || major! > 26 || (major === 26 && minor! >= 1);
  if (!isThere) console.warn(`native.test: Node ${process.versions.node} has no node:ffi; it is NOT tested here`);
  return isThere;
});
if (!library) console.warn("native.test: no C compiler on this machine; calls into a library of ours are NOT tested");

describe.each(interfaces)("%s", (name) => {
  const native = startNative({ interface: name });

  it("says what makes the calls", () => {
    expect(native.interface).toBe(name);
    expect(native.version).toMatch(/^v?\d+\.\d+\.\d+/);
    expect(native.koffiPath === undefined).toBe(name === "node:ffi");
  });

  it("calls the system's mathematics", () => {
    const pow = native.open(mathLibrary!).func("pow", ["f64", "f64", "f64"]);
    expect(pow(2, 10)).toBe(1024);
  });

  it("tells arguments that do not fit, before anything is called", () => {
    const pow = native.open(mathLibrary!).func("pow", ["f64", "f64", "f64"]);
    expect(() => pow(2)).toThrow("pow: expected 2 arguments, got 1");
    expect(() => pow(2, null)).toThrow("pow: expected a number (f64) as argument 2, got null");
    expect(() => pow(2, new Float32Array(1))).toThrow("got Float32Array");
    // @ts-expect-error: what plain JavaScript may do
    expect(() => pow(2, undefined)).toThrow("got undefined");
  });

  it("reads and writes memory by address", () => {
    const values = Float64Array.of(1, 2, 3);
    const address = native.addressOf(values);
    expect([...native.read(address + 8n, new Float64Array(2))]).toEqual([2, 3]);
    native.write(address, Float64Array.of(7));
    expect([...values]).toEqual([7, 2, 3]);
    expect(() => native.read(0, new Uint8Array(1))).toThrow("read: expected an address, got the null pointer");
    expect(() => native.write(0n, new Uint8Array(1))).toThrow("null pointer");
    expect(() => native.text(0)).toThrow("null pointer");
  });

  it("takes the address of a view inside its buffer, in shared memory of WebAssembly too, and it holds when that grows", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    const start = native.addressOf(new Uint8Array(memory.buffer));
    expect(native.addressOf(new Float32Array(memory.buffer, 64, 4)) - start).toBe(64n);
    memory.grow(2);
    expect(native.addressOf(new Uint8Array(memory.buffer))).toBe(start);
    native.write(start + 100_000n, Uint8Array.of(5));
    expect(new Uint8Array(memory.buffer)[100_000]).toBe(5);
  });

  it("takes an address that holds when the collector moves things, of the smallest views too", () => {
    const views = Array.from({ length: 100 }, (_, i) => Int32Array.of(i, -i));
    const addresses = views.map((view) => native.addressOf(view));
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let round = 0; round < 3; round++) collect();
    for (const [i, view] of views.entries()) view[0] = 1000 + i;
    expect(addresses.map((address) => [...native.read(address, new Int32Array(2))])).toEqual(
      views.map((view) => [...view]),
    );
    expect(views.map((view) => native.addressOf(view))).toEqual(addresses);
  });

  it("opens the process itself", () => {
    expect(native.open(null).func("strlen", ["u64", "pointer"])(new TextEncoder().encode("four\0"))).toBe(4n);
    expect(() => native.open(null).symbol("cramkit_nothing")).toThrow(/expected the symbol cramkit_nothing/);
  });

  describe.skipIf(!library)("a library of ours", () => {
    const opened = library ? native.open(library) : (undefined as never);

    it("passes and returns every type", () => {
      expect(opened.func("add", ["i32", "i32", "i32"])(2, -5)).toBe(-3);
      expect(opened.func("wide", ["i64", "i64"])(2n ** 61n)).toBe(2n ** 62n);
      expect(opened.func("wide", ["i64", "i64"])(-3)).toBe(-6n);
      expect(opened.func("narrow", ["u8", "u8"])(255)).toBe(0);
      expect(opened.func("mixed", ["f64", "i8", "f32", "f64", "u64", "i16"])(-1, 0.5, 2.25, 10, -300)).toBe(-288.25);
      expect(opened.func("same", ["pointer", "pointer"])(null)).toBe(0n);
      expect(opened.func("same", ["pointer", "pointer"])(2n ** 47n)).toBe(2n ** 47n);
      expect(native.text(opened.func("name", ["pointer"])())).toBe("café");
    });

    it("works in a view's own bytes", () => {
      const scale = opened.func("scale", ["void", "pointer", "i64", "f32"]);
      const values = Float32Array.of(1, 2, 3, 4);
      expect(scale(values.subarray(1), 2, 10)).toBeUndefined();
      expect([...values]).toEqual([1, 20, 30, 4]);
    });

    it("passes the fourteen arguments of a matrix product", () => {
      const ints = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;
      const signature = ["f32", ...ints, "f32", "pointer", "i32", "pointer", "i32", "f32", "pointer", "i32"] as const;
      const out = new Float32Array(1);
      expect(opened.func("fourteen", signature)(1, 2, 3, 4, 5, 6, 7.5, out, 8, null, 9, 10, out, 11)).toBe(68.5);
      expect(out[0]).toBe(68.5);
    });

    it("gives the address of data, the file of an address, and says what is missing", () => {
      const answer = opened.symbol("answer");
      expect(native.read(answer, new Int32Array(1))[0]).toBe(42);
      expect(native.fileAt(answer)).toBe(library);
      expect(opened.has("answer")).toBe(true);
      expect(opened.has("question")).toBe(false);
      const missing = {
        code: "version-mismatch",
        details: { reason: "no-symbol", tried: [] },
        remedy: expect.stringContaining("version"),
      };
      expect(() => opened.symbol("question")).toThrow(expect.objectContaining(missing));
      expect(() => opened.func("question", ["void"])).toThrow(/expected the symbol question/);
    });

    it("calls beside JavaScript", async () => {
      const slowly = opened.func("slowly", ["i32", "i32", "i32"]);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      expect(await Promise.all([slowly.async(60, 1), slowly.async(60, 2)])).toEqual([1, 2]);
      clearInterval(timer);
      expect(ticks).toBeGreaterThan(2);
      const values = Float32Array.of(1, 2);
      await opened.func("scale", ["void", "pointer", "i64", "f32"]).async(values, 2, 3);
      expect([...values]).toEqual([3, 6]);
      await expect(slowly.async(1)).rejects.toThrow("expected 2 arguments, got 1");
    });

    it("lets the process end, in the middle of everything, and waits for a call under way", () => {
      const script = (end: string) => `
        import { startNative } from ${JSON.stringify(source)};
        const opened = startNative({ interface: ${JSON.stringify(name)} }).open(${JSON.stringify(library)});
        opened.func("add", ["i32", "i32", "i32"])(1, 2);
        const slowly = opened.func("slowly", ["i32", "i32", "i32"]);
        await slowly.async(1, 1);
        ${end}`;
      const run = (end: string) => {
        const args = ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script(end)];
        return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
      };
      expect(run("")).toMatchObject({ status: 0, signal: null });
      expect(run("process.exit(3)")).toMatchObject({ status: 3, signal: null });
      expect(run("slowly.async(100, 1); process.exit(3)")).toMatchObject({ status: 3, signal: null });
      expect(run("slowly.async(100, 7).then(console.log)")).toMatchObject({ status: 0, stdout: "7\n" });
    });
  });
});

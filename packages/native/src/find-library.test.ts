import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findLibrary, isNativeFault, type NativeFault, startNative } from "./index.ts";

const native = startNative({ interface: "koffi" });
const folder = mkdtempSync(join(tmpdir(), "cramkit-find-"));
const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const elf = (machine: number): Uint8Array => {
  const bytes = new Uint8Array(512);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.set([3, 0, machine, 0], 16);
  return bytes;
};
const [own, other, otherName] = process.arch === "x64" ? [62, 183, "arm64"] : [183, 62, "x64"];
const mathematics = process.platform === "darwin" ? "libm.dylib" : "libm.so.6";

const caught = (action: () => unknown): NativeFault => {
  try {
    action();
  } catch (error) {
    expect(error).toSatisfy(isNativeFault);
    return error as NativeFault;
  }
  throw new Error("expected an error");
};

it.each([
  ["nothing there", () => join(folder, "nothing.so"), "no-library", "got none"],
  ["a name that no folder has", () => "libcramkit-nothing.so.7", "no-library", "got none"],
  ["a text file", () => file("text.so", "INPUT(libreal.so)\n"), "broken-library", "got a text file"],
  ["an empty file", () => file("empty.so", ""), "broken-library", "got a file that is not one, or is cut off"],
  ["bytes", () => file("bytes.so", Uint8Array.of(0, 1, 2, 3, 4)), "broken-library", "got a file that is not one"],
  ["a folder", () => folder, "broken-library", "cannot be read"],
  ["another architecture", () => file("other.so", elf(other!)), "wrong-architecture", `got one for ${otherName}`],
  ["the right header and nothing behind it", () => file("cut.so", elf(own!)), "broken-library", "does not"],
])("%s is one clear error", (_, path, reason, text) => {
  const error = caught(() => native.open(path()));
  expect(error.details.reason).toBe(reason);
  expect(error.message).toContain(text);
  expect(error.message).toContain(error.remedy);
  expect(error.message.split("\n")).toHaveLength(1);
});

const candidates = (names: string[]) => ({ [process.platform]: names });

it("takes the first that loads and has the symbols, and says what it passed over", () => {
  const broken = file("broken.so", Uint8Array.of(0));
  const names = ["libcramkit-nothing.so.7", broken, mathematics];
  const found = findLibrary(native, {
    what: "mathematics",
    candidates: candidates(names),
    symbols: ["pow"],
    remedy: "?",
  });
  expect(found.library.path).toBe(mathematics);
  expect(found.file).toMatch(/^\/.*libm/);
  expect(found.tried.map(({ library, reason }) => [library, reason])).toEqual([
    ["libcramkit-nothing.so.7", "no-library"],
    [broken, "broken-library"],
  ]);
});

it("says what it tried if there is none", () => {
  const error = caught(() =>
    findLibrary(native, {
      what: "a BLAS",
      candidates: candidates(["liba-no.so", "libb-no.so"]),
      remedy: "install one",
    }),
  );
  expect(error.message).toBe("findLibrary: expected a BLAS, got none of liba-no.so, libb-no.so; install one");
  expect(error.details.reason).toBe("no-library");
  expect(error.details.tried).toHaveLength(2);
});

it("does not take one without its symbols, and tries nothing else than a path it is given", () => {
  const options = {
    what: "a BLAS",
    candidates: candidates([mathematics]),
    symbols: ["cblas_sgemm"],
    remedy: "install one",
  };
  expect(caught(() => findLibrary(native, options)).details.reason).toBe("no-symbol");
  const path = file("given.so", "text");
  const error = caught(() => findLibrary(native, { ...options, path, symbols: ["pow"] }));
  expect(error.details.reason).toBe("broken-library");
  expect(error.details.tried).toHaveLength(1);
});

it("has an answer on a platform without candidates", () => {
  const error = caught(() => findLibrary(native, { what: "MPI", candidates: {}, remedy: "use Linux" }));
  expect(error).toMatchObject({ code: "not-found", remedy: "use Linux" });
});

it("says which interface is not to be had", () => {
  const missing = caught(() => startNative({ interface: "koffi", koffiPath: join(folder, "no-koffi.cjs") }));
  expect(missing).toMatchObject({ code: "unsupported", remedy: expect.stringContaining("npm install koffi") });
  const koffiPath = file("bad-koffi.cjs", "throw new Error('no binary for this machine')");
  const broken = caught(() => startNative({ interface: "koffi", koffiPath }));
  expect(broken.details.reason).toBe("no-interface");
  expect(broken.message).toContain("no binary for this machine");
});

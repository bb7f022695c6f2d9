import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const suffix = process.platform === "darwin" ? "dylib" : "so";

/** Compiles C into a library in a folder of its own; undefined on a machine without a C compiler. */
export const compileLibrary = (source: string, ...flags: string[]): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-native-"));
  const [file, library] = [join(folder, "library.c"), join(folder, `library.${suffix}`)];
  writeFileSync(file, source);
  const { error, status, stderr } = spawnSync("cc", ["-shared", "-fPIC", "-O1", file, "-o", library, ...flags]);
  if (error) return undefined;
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  return library;
};

export const exampleSource = `
#include <stdint.h>
#include <unistd.h>
int32_t answer = 42;
static int64_t calls = 0;
int32_t add(int32_t a, int32_t b) { calls++; return a + b; }
int64_t wide(int64_t a) { return a * 2; }
uint8_t narrow(uint8_t a) { return a + 1; }
double mixed(int8_t a, float b, double c, uint64_t d, int16_t e) { return a + b + c + (double)d + e; }
void scale(float *x, int64_t n, float by) { for (int64_t i = 0; i < n; i++) x[i] *= by; }
const char *name(void) { return "caf\\xc3\\xa9"; }
void *same(void *p) { return p; }
int32_t slowly(int32_t ms, int32_t result) { usleep(ms * 1000); return result; }
float fourteen(int a, int b, int c, int d, int e, int f, float g, void *h, int i, void *j, int k, float l, float *m, int n) {
  return m[0] = a + b + c + d + e + f + g + i + k + l + n + (h != 0) + (j == 0);
}
`;

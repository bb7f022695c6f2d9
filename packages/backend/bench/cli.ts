// node --import tsx --conditions=@cramkit/source packages/backend/bench/cli.ts [threads] [plain]
// Matrix products on the CPU backend.
import { startBackend } from "../src/index.ts";
import { gemmShapes, measureGemm } from "./gemm.ts";

const [threads = "1", simd] = process.argv.slice(2);
const { description, dispose } = await startBackend("cpu", {
  cpu: { threads: Number(threads), relaxedSimd: simd !== "plain" },
});
console.log(process.version, description);
for (const shape of gemmShapes) {
  const rates = measureGemm(shape).map(({ form, gflopPerSecond }) => `${form} ${gflopPerSecond.toFixed(1)}`);
  console.log(shape.join(" x ").padEnd(20), rates.join("  "), "GFLOP/s");
}
dispose();

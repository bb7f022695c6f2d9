import { measureCase, specsOfTier } from "@cramkit/ops/conformance";
import { startCompute } from "../measure/compute.ts";
import { messageOf, type Suite, type SuiteContext, type SuiteOptions } from "../measure/suite.ts";

/** Those of a GPU. */
type Tier = Exclude<Parameters<typeof specsOfTier>[0], "bf16">;

const tiersOf = ({ backend, precision }: SuiteOptions): Tier[] => {
  if (precision === "float32") return ["float32"];
  return backend === "cuda" ? ["bf16 on a card"] : ["matrix", "float16"];
};

/** Matrices for products of any size: by itself the choice leaves small ones to the tiles. CUDA has no such choice. */
const variantOf = (tier: Tier): Parameters<typeof startCompute>[1] => {
  if (tier === "bf16 on a card") return {};
  return tier === "matrix" ? { tier, variants: { gemm: "matrix" } } : { tier };
};

/** Gradients have more roundings than values, and are held against a central difference: ten times as much is allowed. */
const gradientAllowance = 10;

const checkTier = async (tier: Tier, { options, emit, fail }: SuiteContext): Promise<void> => {
  for (const { op, cases } of await specsOfTier(tier)) {
    let [worst, failed] = [0, 0];
    const wanted = options.quick ? cases.slice(0, 2) : cases;
    for (const one of wanted) {
      try {
        const { forward, gradients } = await measureCase(one);
        const error = Math.max(forward, ...Object.values(gradients).map((each) => each / gradientAllowance));
        worst = Math.max(worst, error / one.tolerance);
        if (error <= one.tolerance) continue;
        const parts = Object.entries({ forward, ...gradients }).map(
          ([name, each]) => `${name} ${each.toExponential(1)}`,
        );
        throw new Error(
          `expected errors of at most ${one.tolerance} (gradients: ten times that), got ${parts.join(", ")}`,
        );
      } catch (error) {
        failed++;
        fail(`${op}, ${one.name}`, tier, error);
      }
    }
    emit({ kind: "checked", suite: "conformance", case: op, provider: tier, cases: wanted.length, failed, worst });
  }
};

export const conformanceSuite: Suite = {
  name: "conformance",
  describes: "the cases of every fused op against float64, values and gradients, in each tier of kernels",
  hasShapes: false,
  async run(context) {
    for (const tier of tiersOf(context.options)) {
      try {
        await startCompute(context.options, variantOf(tier));
      } catch (error) {
        if (tier === "float32") throw error;
        context.skip(tier, "cramkit", messageOf(error));
        continue;
      }
      await checkTier(tier, context);
    }
  },
};

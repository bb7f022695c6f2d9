import { startCompute, verifyFixture } from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { print } from "../terminal/output.ts";

export const verifyCommand = (): Command =>
  withBackend(
    new Command("verify")
      .description("recompute reference cases to check that this machine computes the right numbers")
      .argument("<fixtures...>", "fixture files (.safetensors)")
      .option("--json", "print one JSON object per file"),
  ).action(async (files: string[], options: BackendOptions & { json?: boolean }) => {
    const backend = backendOf(options);
    const compute = await startCompute(backend, options);
    let failed = 0;
    for (const file of files) {
      const { kernels } = compute;
      const result = await verifyFixture(file, { precision: backend.precision, kernels });
      if (!result.pass) failed++;
      if (options.json) {
        print(
          JSON.stringify({
            file,
            case: result.case,
            backend: compute.name,
            precision: backend.precision,
            pass: result.pass,
            errors: result.errors,
          }),
        );
        continue;
      }
      const { loss, hidden, logits, gradNorm, grad, after3 } = result.errors;
      const show = (error: number | undefined) => (error === undefined ? "-" : error.toExponential(1));
      print(
        `${result.pass ? "pass" : "FAIL"}  ${result.case}: loss ${show(loss)}, hidden ${show(hidden)}, logits ${show(logits)}, gradient norm ${show(gradNorm)}, worst gradient ${show(grad.error)} (${grad.name}), worst weight after three steps ${show(after3.error)} (${after3.name})`,
      );
    }
    await compute.dispose();
    if (failed > 0) process.exitCode = 1;
  });

import type { Compute } from "../compute.ts";
import type { RunContext } from "../progress.ts";
import { readProducts, runFiles, writeRecord } from "../run-record.ts";

/**
 * Keeps in a run's folder what computes its matrix products, and returns it. A run that goes on under another library, or
 * another version, is told that its last bits may differ from those of one that was never stopped.
 */
export const recordProducts = async (
  folder: string,
  { products }: Pick<Compute, "products">,
  context: Pick<RunContext, "say">,
): Promise<string | undefined> => {
  if (!products) return undefined; // another backend: its products are its own
  const by = productsName(products);
  const before = await readProducts(folder);
  if (before !== undefined && before !== by)
    context.say(
      `${folder}: matrix products were computed by ${before} so far and are by ${by} from here on, so the last bits may ` +
        "differ from those of an uninterrupted run; the settings backend.products and backend.library choose them",
    );
  await writeRecord(runFiles(folder).products, { by });
  return by;
};

const productsName = ({ library, precision }: NonNullable<Compute["products"]>): string =>
  library
    ? `${library.name} ${library.version} (${library.kernel})${precision === "mixed" ? " in bf16" : ""}`
    : "WebAssembly";

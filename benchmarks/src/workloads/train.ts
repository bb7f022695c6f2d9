import { applySettings, findRecipe, Interrupted, runRecipe } from "@cramkit/recipes";

export interface TrainFlags {
  /** The folder that `cramkit prepare --data FOLDER` filled. */
  prepared: string;
  recipe: string;
  set: string[];
  dir: string;
  allowSoftware?: boolean;
}

/** A complete run of a recipe on rows that lie there ready: it resumes from its last checkpoint, and Ctrl-C writes one. */
export const trainPrepared = async ({
  prepared,
  recipe: name,
  set,
  dir,
  allowSoftware = false,
}: TrainFlags): Promise<void> => {
  const recipe = applySettings(await findRecipe(name), set);
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    console.error("finishing the step and saving; a second signal ends at once, without saving");
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  let saidAt = Number.NEGATIVE_INFINITY;
  try {
    await runRecipe(
      recipe,
      { folder: dir, dataFolder: prepared, allowSoftware },
      {
        signal: controller.signal,
        say: (line) => console.error(line),
        onProgress({ stage, done, total, detail }) {
          if (performance.now() - saidAt < 5_000) return;
          saidAt = performance.now();
          const part = total === undefined ? String(done) : `${((100 * done) / total).toFixed(1)} %`;
          console.error(`${stage}: ${part} ${detail ?? ""}`);
        },
      },
    );
    console.error(`the run is in ${dir}`);
    process.exit(0); // Dawn would keep the process
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error("stopped, and everything is saved; the same command goes on");
    process.exit(130);
  }
};

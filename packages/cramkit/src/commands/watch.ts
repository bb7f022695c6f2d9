import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readReportedRun, runFiles } from "@cramkit/recipes";
import { Command } from "commander";
import { wholeNumber } from "../options/whole-number.ts";
import { renderReport } from "../report/report.ts";
import { createReportServer } from "../report/serve-report.ts";
import { tell } from "../terminal/output.ts";

export const watchCommand = (): Command =>
  new Command("watch")
    .description("serve the report of a run while it trains, to this machine only")
    .argument("<runs...>", "folders of runs")
    .option("--port <number>", "port; 0 picks a free one", wholeNumber(0, 65_535), 0)
    .option("--seconds <number>", "seconds between updates", wholeNumber(1, 86_400), 5)
    .action(async (folders: string[], options: { port: number; seconds: number }) => {
      const read = () => Promise.all(folders.map((folder) => readReportedRun(folder)));
      await read(); // a wrong folder is better told here than in the browser
      const server = createReportServer({
        render: async () => renderReport(await read(), { liveSeconds: options.seconds }),
        version: () => versionOf(folders),
        periodMs: 1000 * options.seconds,
      });
      await new Promise<void>((listening, failed) => {
        server.once("error", failed).listen(options.port, "127.0.0.1", listening);
      });
      const address = server.address();
      tell(`http://127.0.0.1:${typeof address === "object" ? address?.port : options.port}/  (Ctrl-C to stop)`);
      await new Promise((ended) => server.once("close", ended));
    });

/** When the files of the runs were last written: it changes when a report would. */
const versionOf = async (folders: readonly string[]): Promise<string> => {
  const paths = folders.flatMap((folder) => {
    const { recipe, metrics, summary, masked, probes, glue } = runFiles(folder);
    return [recipe, metrics, summary, masked, probes, join(glue, "scores.json")];
  });
  const states = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return states.map((state) => (state ? `${state.mtimeMs} ${state.size}` : "")).join();
};

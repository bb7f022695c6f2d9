import { createServer } from "node:http";
import { readRun } from "@cramkit/recipes";
import { Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../options/whole-number.ts";
import { renderReport } from "../report/report.ts";

const port = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value < 65_536) return value;
  throw new InvalidArgumentError("expected a port from 0 to 65535");
};

export const watchCommand = (): Command =>
  new Command("watch")
    .description("serve the report of a run while it trains; this machine only")
    .argument("<runs...>", "folders of runs")
    .option("--port <number>", "0 takes any that is free", port, 0)
    .option("--seconds <number>", "between two updates", wholeNumber, 5)
    .action(async (folders: string[], options: { port: number; seconds: number }) => {
      const read = () => Promise.all(folders.map((folder) => readRun(folder)));
      await read(); // a wrong folder is better told here than in the browser
      const server = createServer(async (request, response) => {
        if (request.url !== "/") return void response.writeHead(404).end();
        try {
          const page = await renderReport(await read(), { liveSeconds: options.seconds });
          response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
        } catch (error) {
          response.writeHead(500, { "content-type": "text/plain" }).end((error as Error).message);
        }
      });
      await new Promise<void>((listening, failed) => {
        server.once("error", failed).listen(options.port, "127.0.0.1", listening);
      });
      const address = server.address();
      console.log(`http://127.0.0.1:${typeof address === "object" ? address?.port : options.port}/  (Ctrl-C ends)`);
      await new Promise((ended) => server.once("close", ended));
    });

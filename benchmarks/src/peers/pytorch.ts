import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { countFlops } from "@cramkit/model";
import { root } from "../measure/places.ts";
import { type Measurement, rateOf } from "../measure/record.ts";
import type { Suite, SuiteContext } from "../measure/suite.ts";
import { spread } from "../measure/timing.ts";
import { shapesOf } from "../workloads/shapes.ts";

/** A line of `peers/pytorch.py`. */
type PeerLine =
  | {
      kind: "times";
      device: string;
      name: string;
      attention: string;
      compile: boolean;
      precision: string;
      ms: number[];
      loss: [number, number];
    }
  | { kind: "skipped"; who: string; reason: string }
  | { kind: "failure"; who: string; message: string };

export const pytorchSuite: Suite = {
  name: "pytorch",
  describes:
    "an encoder of the same shape in PyTorch: eager, scaled_dot_product_attention, torch.compile; float32, bf16, fp16",
  hasShapes: true,
  async run(context) {
    for (const shape of shapesOf(context.options)) {
      const { config, batch, seq } = shape;
      const spec = {
        ...{ layers: config.layers, hidden: config.hidden, heads: config.heads, intermediate: config.intermediate },
        ...{ vocab: config.vocabSize, gated: config.activation.endsWith("-glu"), batch, seq },
      };
      await runPeer(shape.name, spec, countFlops(config, seq).perToken, context);
    }
  },
};

const runPeer = (
  name: string,
  spec: { batch: number; seq: number },
  flopsPerToken: number,
  context: SuiteContext,
): Promise<void> =>
  new Promise((resolve) => {
    const { options } = context;
    const args = [
      join(root, "peers", "pytorch.py"),
      "--spec",
      JSON.stringify(spec),
      "--device",
      options.backend === "cpu" ? "cpu" : "cuda",
    ];
    if (options.quick) args.push("--quick");
    if (options.threads !== undefined) args.push("--threads", String(options.threads));
    const child = spawn(options.python, args, { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data) => (errors = `${errors}${data}`.slice(-2000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      try {
        takeLine(JSON.parse(line) as PeerLine, name, spec, flopsPerToken, context);
      } catch {
        context.fail(name, "pytorch", new Error(`expected a JSON line of the peer, got ${line.slice(0, 120)}`));
      }
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") context.skip(name, "pytorch", `no ${options.python} on the PATH`);
      else context.fail(name, "pytorch", error);
      resolve();
    });
    child.on("close", (code, signal) => {
      if (code !== 0 && code !== null)
        context.fail(
          name,
          "pytorch",
          new Error(`the peer ended with exit code ${code}: ${errors.trim().split("\n").at(-1) ?? ""}`),
        );
      if (signal) context.fail(name, "pytorch", new Error(`the peer was ended by ${signal}`));
      resolve();
    });
  });

const takeLine = (
  line: PeerLine,
  shape: string,
  { batch, seq }: { batch: number; seq: number },
  flopsPerToken: number,
  context: SuiteContext,
): void => {
  if (line.kind === "skipped") {
    context.skip(shape, line.who, line.reason);
    return;
  }
  if (line.kind === "failure") {
    context.fail(shape, line.who, new Error(line.message));
    return;
  }
  const [before, after] = line.loss;
  if (!(after < before)) {
    context.fail(shape, line.name, new Error(`expected the loss to fall, got ${before} and then ${after}`));
    return;
  }
  const tokens = batch * seq;
  const time = spread(line.ms);
  const measurement: Measurement = {
    ...{ kind: "measurement", suite: "pytorch", case: "training", mode: "step", provider: line.name },
    ...{ backend: line.device, precision: line.precision, shape: `${shape}, ${batch} x ${seq}`, unit: "tokens/s" },
    value: spread(line.ms.map((ms) => rateOf("tokens/s", tokens, ms))),
    ...{
      ms: time,
      samples: line.ms.length,
      clock: "host",
      gigaflops: (flopsPerToken * tokens) / time.p50 / 1e6,
      load: loadavg()[0]!,
    },
  };
  context.emit(measurement);
};

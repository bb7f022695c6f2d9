import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { countFlops } from "@cramkit/model";
import { root } from "../measure/places.ts";
import { rateOf } from "../measure/record.ts";
import { messageOf, type Suite, type SuiteContext } from "../measure/suite.ts";
import { spread } from "../measure/timing.ts";
import type { StepLine, StepRequest } from "../peers/step-child.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";

interface Contestant {
  name: string;
  precision: string;
  child: Child;
  /** What is written to the child for one step. */
  line: string;
}

/** Steps of the CPU backend, by its own products and by a library's, and of PyTorch, one after the other in turns. */
export const turnsSuite: Suite = {
  name: "turns",
  describes:
    "training steps on a CPU in turns: WebAssembly, a library's products, its bf16, PyTorch; clock and processor",
  hasShapes: true,
  async run(context) {
    for (const shape of shapesOf({ ...context.options, backend: "cpu" })) {
      const children: Child[] = [];
      try {
        await takeTurns(shape, await startAll(shape, children, context), context);
      } finally {
        for (const child of children) child.end();
      }
    }
  },
};

/** torch.compile, which compiles for minutes, is timed by the suite pytorch alone. */
const variants = ["eager float32", "sdpa float32", "eager bf16", "sdpa bf16"];

const startAll = async (shape: Shape, children: Child[], context: SuiteContext): Promise<Contestant[]> => {
  const { options, skip } = context;
  const threads = options.threads ?? availableParallelism();
  const contestants: Contestant[] = [];
  const ours: [string, StepRequest["products"], StepRequest["precision"]][] = [
    ["cramkit, WebAssembly", "wasm", "float32"],
    ["cramkit, library", "library", "float32"],
    ["cramkit, library", "library", "mixed"],
  ];
  const script = fileURLToPath(new URL("../peers/step-child.ts", import.meta.url));
  for (const [name, products, precision] of ours) {
    const request: StepRequest = { shape: shape.name, products, precision, threads };
    const child = new Child(process.execPath, [...process.execArgv, script, JSON.stringify(request)]);
    children.push(child);
    try {
      const { description } = (await child.next()) as { description: string };
      contestants.push({ name: `${name} (${description})`, precision, child, line: "step" });
    } catch (error) {
      skip(shape.name, name, messageOf(error));
    }
  }
  const { config, batch, seq } = shape;
  const spec = {
    ...{ layers: config.layers, hidden: config.hidden, heads: config.heads, intermediate: config.intermediate },
    ...{ vocab: config.vocabSize, gated: config.activation.endsWith("-glu"), batch, seq },
  };
  const peer = [
    join(root, "peers", "pytorch.py"),
    "--spec",
    JSON.stringify(spec),
    "--turns",
    "--threads",
    `${threads}`,
  ];
  const child = new Child(options.python, peer);
  children.push(child);
  for (const variant of variants) {
    const precision = variant.endsWith("bf16") ? "mixed" : "float32";
    contestants.push({ name: `PyTorch ${variant}`, precision, child, line: variant });
  }
  return contestants;
};

/** A shape takes so long, if that leaves it enough samples. */
const [limitMs, fewestSamples] = [150_000, 3];

const takeTurns = async (shape: Shape, contestants: Contestant[], context: SuiteContext): Promise<void> => {
  const { quick } = context.options;
  const [warmUps, samples] = quick ? [1, 2] : [1, 8];
  const steps = new Map<Contestant, StepLine[]>();
  const load = loadavg()[0]!;
  const end = performance.now() + limitMs;
  for (let round = -warmUps; round < samples && (round < fewestSamples || performance.now() < end); round++) {
    // Each begins as often as it ends.
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const one of order) {
      if (round > -warmUps && !steps.has(one)) continue;
      try {
        const line = (await one.child.next(one.line)) as StepLine & { message?: string; reason?: string };
        if (!(line.ms > 0)) throw new Error(line.message ?? line.reason ?? "no time");
        steps.set(one, [...(steps.get(one) ?? []), line]);
      } catch (error) {
        steps.delete(one);
        context.skip(shape.name, one.name, messageOf(error));
      }
    }
  }
  const flops = countFlops(shape.config, shape.seq).perToken * shape.batch * shape.seq;
  for (const [{ name, precision }, all] of steps) {
    const lines = all.slice(warmUps);
    for (const clock of ["ms", "cpu"] as const) {
      const ms = lines.map((line) => line[clock]);
      const time = spread(ms);
      context.emit({
        ...{
          kind: "measurement",
          suite: "turns",
          case: "training",
          mode: clock === "ms" ? "step" : "step, processor time",
        },
        ...{ provider: name, backend: "cpu", precision, shape: `${shape.name}, ${shape.batch} x ${shape.seq}` },
        ...{ unit: "tokens/s", value: spread(ms.map((one) => rateOf("tokens/s", shape.batch * shape.seq, one))) },
        ...{ ms: time, samples: ms.length, clock: "host", gigaflops: flops / time.p50 / 1e6, load },
      });
    }
  }
};

/** A process that answers lines with lines of JSON. */
class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #failure: Error | undefined;
  #errors = "";

  constructor(command: string, args: string[]) {
    this.#process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      const next = this.#waiting.shift();
      if (next) next.resolve(line);
      else this.#lines.push(line);
    });
    this.#process.stderr!.on("data", (data) => {
      this.#errors = `${this.#errors}${data}`.slice(-2000);
    });
    this.#process.stdin!.on("error", () => {}); // it ended, which `close` says
    this.#process.on("error", (error) => this.#fail(error));
    this.#process.on("close", (code) =>
      this.#fail(new Error(`ended with ${code}: ${this.#errors.trim().split("\n").at(-1)}`)),
    );
  }

  /** Writes a line, if one is given, and waits for the next one of the child. */
  async next(line?: string): Promise<unknown> {
    if (line !== undefined) this.#process.stdin!.write(`${line}\n`);
    const answer = this.#lines.shift();
    if (answer !== undefined) return JSON.parse(answer);
    if (this.#failure) throw this.#failure;
    return JSON.parse(await new Promise<string>((resolve, reject) => this.#waiting.push({ resolve, reject })));
  }

  end(): void {
    this.#process.kill("SIGKILL");
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

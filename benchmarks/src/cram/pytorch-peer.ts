import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Batch, Trainee } from "@cramkit/glue";
import { root } from "../measure/places.ts";

/** PyTorch with the weights of a model, ready for trials. */
export interface FinetuningPeer {
  /** Versions and device. */
  description: string;
  maxLength: number;
  startTrial: Trainee["startTrial"];
  close(): void;
}

/** A line of `peers/finetune.py`. */
type PeerLine =
  | { kind: "ready"; description: string; maxLength: number }
  | { kind: "skipped"; reason: string }
  | { kind: "failure"; message: string }
  | { kind: "started" }
  | { kind: "loss"; value: number }
  | { kind: "values"; values: number[] };

/** Steps on the way to PyTorch: enough that it never waits, few enough that the clock of a trial is its own. */
const ahead = 8;

const rowsOf = ({ size, seqLength, inputIds, attentionMask }: Batch) => ({
  ...{ size, seqLength },
  inputIds: [...inputIds],
  attentionMask: [...attentionMask],
});

/** Starts `peers/finetune.py`, a line in and a line out; says why if PyTorch, the device or the architecture is not there. */
export const startFinetuningPeer = async ({
  python,
  model,
  device,
  precision,
}: {
  python: string;
  model: string;
  device: "cpu" | "cuda";
  precision: string;
}): Promise<FinetuningPeer | { skipped: string }> => {
  const script = join(root, "peers", "finetune.py");
  const child = spawn(python, [script, "--model", model, "--device", device, "--precision", precision], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => (errors = `${errors}${data}`.slice(-2000)));
  child.stdin.on("error", () => {}); // it has ended: the reading side says how
  let isMissing = false;
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => resolve()); // its last words have come
    child.on("error", (error: NodeJS.ErrnoException) => {
      isMissing = error.code === "ENOENT";
      resolve();
    });
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<PeerLine> => {
    const { value, done } = await lines.next();
    if (done) await ended;
    if (done) throw new Error(`PyTorch ended: ${errors.trim().split("\n").at(-1) || "it said nothing"}`);
    const line = JSON.parse(value) as PeerLine;
    if (line.kind === "failure") throw new Error(`PyTorch: ${line.message}`);
    return line;
  };
  const expected = async <Kind extends PeerLine["kind"]>(kind: Kind) => {
    const line = await next();
    if (line.kind !== kind) throw new Error(`PyTorch: expected a line "${kind}", got "${line.kind}"`);
    return line as Extract<PeerLine, { kind: Kind }>;
  };
  const send = (value: object) => void child.stdin.write(`${JSON.stringify(value)}\n`);
  let first: PeerLine;
  try {
    first = await next();
  } catch (error) {
    if (isMissing) return { skipped: `no ${python} on the PATH` };
    throw error;
  }
  if (first.kind === "skipped") return { skipped: first.reason };
  if (first.kind !== "ready") throw new Error(`PyTorch: expected a line "ready", got "${first.kind}"`);
  return {
    description: first.description,
    maxLength: first.maxLength,
    close: () => void child.kill("SIGKILL"),
    async startTrial({ outputs, regression, seed, protocol }) {
      const { adamw, dropout, head } = protocol;
      send({ do: "start", outputs, regression, seed, adamw, dropout, head });
      await expected("started");
      return {
        async fit(batches, report) {
          let waiting = 0;
          const take = async () => {
            report((await expected("loss")).value);
            waiting--;
          };
          for await (const { labels, learningRate, ...batch } of batches) {
            send({ do: "fit", ...rowsOf(batch as Batch), labels: [...labels], learningRate });
            if (++waiting > ahead) await take();
          }
          while (waiting > 0) await take();
        },
        async predict(batch) {
          send({ do: "predict", ...rowsOf(batch) });
          return (await expected("values")).values;
        },
        dispose: () => send({ do: "end" }),
      };
    },
  };
};

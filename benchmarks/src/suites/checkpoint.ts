import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TensorToWrite } from "@cramkit/checkpoint";
import { openCheckpoint, writeSafetensors } from "@cramkit/checkpoint/node";
import type { Suite } from "../measure/suite.ts";

export const checkpointSuite: Suite = {
  name: "checkpoint",
  describes: "safetensors to disk (synced) and back (from the page cache): GB/s",
  hasShapes: false,
  async run({ options, measure }) {
    const folder = await mkdtemp(join(tmpdir(), "cramkit-bench-checkpoint-"));
    try {
      const [count, elements] = options.quick ? [4, 2 ** 16] : [16, 2 ** 21];
      const data = Array.from({ length: count }, (_, k) =>
        Float32Array.from({ length: elements }, (_, i) => Math.fround(Math.sin(i + k))),
      );
      const bytes = count * elements * 4;
      for (const dtype of ["F32", "BF16"] as const) {
        const tensors: TensorToWrite[] = data.map((values, k) => ({
          name: `tensor.${k}`,
          dtype: "F32",
          shape: [elements],
          data: values,
        }));
        const path = join(folder, `${dtype}.safetensors`);
        const write = () => writeSafetensors(path, tensors, { floats: dtype });
        const read = async () => {
          const checkpoint = await openCheckpoint(path);
          let worst = 0;
          for (const [k, { name }] of checkpoint.tensors.entries()) {
            const { data: values } = await checkpoint.read(name);
            const at = (k * 7919) % elements;
            worst = Math.max(worst, Math.abs(Number(values[at]) - data[k]![at]!));
          }
          await checkpoint.close();
          return worst;
        };
        const shape = `${count} x ${elements}, in memory ${(bytes / 1e6).toFixed(0)} MB`;
        const tolerance = dtype === "F32" ? 0 : 2 ** -8;
        const check = async () => {
          await write();
          return read();
        };
        const common = { shape, unit: "GB/s", backend: "host" } as const;
        await measure({
          ...common,
          case: `write ${dtype}`,
          contestants: [{ provider: "cramkit", work: bytes, run: write, check, tolerance }],
        });
        await measure({
          ...common,
          case: `read ${dtype}`,
          contestants: [{ provider: "cramkit", work: bytes, run: read, check: read, tolerance }],
        });
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

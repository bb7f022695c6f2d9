import { linear } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import { deviceMs, disposeComputed, distance, hasDeviceClock, startCompute } from "../measure/compute.ts";
import type { Suite, SuiteContext } from "../measure/suite.ts";

/** A plain copy on one thread of the host: the ceiling of what moves bytes there. */
const hostCopy = async ({ options, measure }: SuiteContext): Promise<void> => {
  const megabytes = options.quick ? 16 : 256;
  const source = new Float64Array((megabytes << 20) / 8).fill(1.5);
  const target = new Float64Array(source.length);
  await measure({
    case: "copy",
    shape: `${megabytes} MiB`,
    unit: "GB/s",
    backend: "host",
    contestants: [
      {
        provider: "cramkit",
        mode: "read and write",
        work: 2 * source.byteLength,
        run: () => target.set(source),
        check: () => {
          target.set(source);
          return Math.abs(target[target.length - 1]! - 1.5);
        },
      },
    ],
  });
};

/** A large matrix product and a large copy by the current backend. */
const backendCeilings = async ({ options, measure }: SuiteContext, backend: string): Promise<void> => {
  const precision = backend === "cpu" ? "float32" : options.precision;
  const size = options.quick ? 128 : backend === "cpu" ? 1024 : 4096;
  const a = tf.tidy(() => tf.sin(tf.reshape(tf.range(0, size * size, 1), [size, size])) as tf.Tensor2D);
  const once = () => disposeComputed(linear(a, a));
  const timed = (run: () => void) => (hasDeviceClock() ? { run, deviceMs: () => deviceMs(run) } : { run });
  await measure({
    case: "matmul",
    shape: `${size} x ${size} x ${size}`,
    unit: "GFLOP/s",
    backend,
    precision,
    contestants: [
      {
        provider: "cramkit",
        work: 2 * size ** 3,
        ...timed(once),
        tolerance: precision === "mixed" ? 1e-2 : 1e-5,
        async check() {
          const [got, values] = [linear(a, a), await a.data()];
          const [row, rows] = [size - 1, tf.slice(got, [size - 1, 0], [1, size])];
          const want = Float32Array.from({ length: size }, (_, o) => {
            let sum = 0;
            for (let i = 0; i < size; i++) sum += values[row * size + i]! * values[o * size + i]!;
            return sum;
          });
          const expected = tf.tensor2d(want, [1, size]);
          const error = await distance(rows, expected);
          tf.dispose([got, rows, expected]);
          return error;
        },
      },
    ],
  });
  a.dispose();
  if (backend === "cpu") return; // memory is the host's
  const elements = (options.quick ? 1 : 256) * 2 ** 18;
  const source = tf.ones([elements]);
  const copy = () => tf.mul(source, 2).dispose();
  await measure({
    case: "copy",
    shape: `${(elements * 4) / 2 ** 20} MiB`,
    unit: "GB/s",
    backend,
    precision,
    contestants: [
      {
        provider: "cramkit",
        mode: "read and write",
        work: 8 * elements,
        ...timed(copy),
        async check() {
          const doubled = tf.mul(source, 2);
          const error = Math.abs((await doubled.data())[elements - 1]! - 2);
          doubled.dispose();
          return error;
        },
      },
    ],
  });
  source.dispose();
};

export const machineSuite: Suite = {
  name: "machine",
  describes: "what the machine can do: copies and a large matrix product, on the host and on the device",
  hasShapes: false,
  async run(context) {
    await hostCopy(context);
    const { options } = context;
    const host = await startCompute({ ...options, backend: "cpu", precision: "float32" });
    await backendCeilings(context, "cpu");
    host.dispose();
    if (options.backend === "cpu") return;
    await startCompute(options);
    await backendCeilings(context, options.backend);
  },
};

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { gatherRows, scatterRows } from "../embedding/webgpu.ts";
import { addScaled, totalProgram } from "../optimizer/webgpu.ts";
import { columnSum } from "../webgpu/column-sum.ts";
import { gemm } from "../webgpu/gemm/index.ts";
import { type Host, type Inputs, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf } from "../webgpu/parts.ts";
import { grid, groupIndex, type Program, program } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

/**
 * One workgroup a row of logits: losses = log sum exp(row) - row[target], and for the gradient the row becomes
 * softmax(row) - onehot(target) in place, not yet divided by the number of rows.
 */
export const softmaxLossProgram = (gradient: boolean): Program =>
  program({
    key: `masked-cross-entropy.softmax${gradient ? ".gradient" : ""}`,
    storage: { logits: ["write", "f32"], targets: ["read", "i32"], losses: ["write", "f32"] },
    uniforms: { rows: "u32", vocab: "u32", first: "u32" },
    size: 256,
    declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}\n${reduceFunction(256, "max")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let at = index * uniforms.vocab;
let target_ = u32(targets[uniforms.first + index]);
var top = -3.0e38;
for (var i = lane; i < uniforms.vocab; i = i + 256u) { top = max(top, logits[at + i]); }
top = workgroupMax(lane, top);
var sum = 0.0;
for (var i = lane; i < uniforms.vocab; i = i + 256u) { sum += exp(logits[at + i] - top); }
let lse = top + log(workgroupSum(lane, sum));
if (lane == 0u) {
  var picked = 0.0;
  if (target_ < uniforms.vocab) { picked = logits[at + target_]; }
  losses[uniforms.first + index] = lse - picked;
}
${
  gradient
    ? `storageBarrier();
workgroupBarrier();
for (var i = lane; i < uniforms.vocab; i = i + 256u) {
  logits[at + i] = exp(logits[at + i] - lse) - select(0.0, 1.0, i == target_);
}`
    : ""
}`,
  });

/** Bytes of logits that exist at a time. */
const logitBytes = 128 * 1024 * 1024;

/** Rows of a chunk: a multiple of 64, so that parts of the row-wise tensors can be bound. */
export function chunkRows(asked: number, count: number, vocab: number, maxBinding: number): number {
  const rows = asked || Math.max(64, Math.floor(Math.min(logitBytes, maxBinding) / (vocab * 4)));
  return Math.min(Math.ceil(rows / 64) * 64, Math.max(count, 1));
}

interface Gradients {
  rows: TensorInfo;
  weight: TensorInfo;
  bias: TensorInfo;
}

/** Mean loss; fills `gradients` along the way where they are given. */
function run(host: Host, inputs: Inputs, asked: number, gradients?: Gradients): TensorInfo {
  const { hidden, weight, bias, positions, targets } = inputs;
  const [vocab, n] = weight!.shape as [number, number];
  const count = sizeOf(positions!);
  const selected = output(host, [count, n]);
  gatherRows(host, positions!, hidden!, selected);
  const losses = output(host, [count]);
  const step = chunkRows(asked, count, vocab, host.capabilities.limits.maxStorageBufferBindingSize);
  for (let first = 0; first < count; first += step) {
    const part = { first, count: Math.min(step, count - first) };
    const rows = part.count;
    const logits = output(host, [rows, vocab]);
    const x = partOf(selected, count, n * 4, part);
    gemm(host, { form: "nt", a: x, b: weight!, c: logits, m: rows, n: vocab, k: n, biasTensor: bias });
    host.dispatch(
      softmaxLossProgram(gradients !== undefined),
      [logits, targets!, losses],
      { rows, vocab, first },
      grid(rows),
    );
    if (gradients) {
      const alpha = 1 / count;
      const dx = partOf(gradients.rows, count, n * 4, part);
      gemm(host, { form: "nn", a: logits, b: weight!, c: dx, m: rows, n, k: vocab, alpha });
      gemm(host, {
        form: "tn",
        a: logits,
        b: x,
        c: gradients.weight,
        m: vocab,
        n,
        k: rows,
        alpha,
        accumulate: first > 0,
      });
      addBias(host, gradients.bias, logits, rows, vocab, alpha, first > 0);
    }
    release(host, logits);
  }
  const loss = output(host, []);
  host.dispatch(totalProgram(false), [losses, loss], { count, scale: 1 / count }, [1, 1, 1]);
  release(host, losses, selected);
  return loss;
}

function addBias(
  host: Host,
  bias: TensorInfo,
  dlogits: TensorInfo,
  rows: number,
  vocab: number,
  alpha: number,
  add: boolean,
): void {
  const sums = columnSum(host, dlogits, rows, vocab);
  if (add) addScaled(host, bias, sums, alpha);
  else host.dispatch(scaleProgram, [sums, bias], { count: vocab, scale: alpha }, grid(Math.ceil(vocab / 256)));
  release(host, sums);
}

const scaleProgram: Program = program({
  key: "scale",
  storage: { x: ["read", "f32"], y: ["write", "f32"] },
  uniforms: { count: "u32", scale: "f32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { y[i] = uniforms.scale * x[i]; }`,
});

export const maskedCrossEntropyWebgpu = [
  webgpuKernel("CramkitMaskedCrossEntropy", (host, inputs, attrs) => run(host, inputs, attrs.chunkRows as number)),
  webgpuKernel("CramkitMaskedCrossEntropyGrad", (host, inputs, attrs) => {
    const { hidden, weight, positions } = inputs;
    const [vocab, n] = weight!.shape as [number, number];
    const gradients: Gradients = {
      rows: output(host, [sizeOf(positions!), n]),
      weight: output(host, [vocab, n]),
      bias: output(host, [vocab]),
    };
    const loss = run(host, inputs, attrs.chunkRows as number, gradients);
    const dhidden = scatterRows(host, gradients.rows, positions!, hidden!.shape[0]!);
    release(host, gradients.rows);
    return [loss, dhidden, gradients.weight, gradients.bias];
  }),
];

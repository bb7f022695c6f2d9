/// <reference types="@webgpu/types" />
import { WebGPUBackend, type WebGPUProgram } from "@tensorflow/tfjs-backend-webgpu";
import { type BackendValues, env, type TensorInfo } from "@tensorflow/tfjs-core";
import { Attachments } from "./attachments.ts";
import { BindGroupCache, type Binding } from "./bind-groups.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Capabilities } from "./capabilities.ts";
import { ConstantCache, maxConstantBytes } from "./constants.ts";
import type { OpenDevice } from "./device.ts";
import { DispatchTimer, type ProfiledDispatch } from "./dispatch-timer.ts";
import { PipelineCache, type Program } from "./pipelines.ts";
import { cannotBlock, disposedTensor, tooLargeTensor, tooManyGroups } from "./refusals.ts";
import { bytesOf, type Internals, storageUsage, type TensorData } from "./tfjs-internals.ts";
import { type Traffic, TrafficCounter } from "./traffic-counter.ts";
import { packFields, packUniforms, tfjsFields, UniformCache, type UniformField, uniformsKey } from "./uniforms.ts";

/** A tensor as a binding, or `byteLength` bytes of it from `byteOffset` (a multiple of 256). */
export type KernelBinding = TensorInfo | { tensor: TensorInfo; byteOffset: number; byteLength: number };

/**
 * tfjs's WebGPU backend over a device of ours, with a dispatch path of its own: pipelines, bind groups and uniforms are
 * cached, submits are batched, buffers come from a bounded pool and are reused as soon as they are released.
 */
export class CramkitWebgpuBackend extends WebGPUBackend {
  private readonly internals = this as unknown as Internals;
  private readonly pipelines: PipelineCache;
  private readonly bindGroups: BindGroupCache;
  private readonly uniforms: UniformCache;
  private readonly constants: ConstantCache;
  private readonly pool: BufferPool;
  private readonly attachments = new Attachments();
  private numOutlived = 0;
  private readonly tfjsLayouts = new WeakMap<GPUComputePipeline, { layout: GPUBindGroupLayout; id: number }>();
  private numTfjsLayouts = 0;
  private timer: DispatchTimer | undefined;
  private readonly traffic = new TrafficCounter();
  private submits = 0;
  /** New buffers are filled with NaN, so that a kernel that leaves an element unwritten shows; for tests. */
  poison = false;

  constructor(
    private readonly opened: OpenDevice,
    info: GPUAdapterInfo,
    readonly capabilities: Capabilities,
    options: { maxFreeBytes?: number } = {},
  ) {
    super(opened.device, info);
    this.pipelines = new PipelineCache(opened.device);
    this.bindGroups = new BindGroupCache(opened.device);
    this.uniforms = new UniformCache(opened.device);
    this.constants = new ConstantCache(opened.device);
    this.pool = new BufferPool(opened.device, { ...options, onDestroy: (buffer) => this.bindGroups.forget(buffer) });
    this.bufferManager = this.pool as unknown as WebGPUBackend["bufferManager"];
    // Private in tfjs's types, so it cannot be overridden by name.
    this.internals.recordAndSubmit = this.recordTfjs.bind(this);
  }

  /** Records one dispatch. `grid` counts workgroups; a grid with a zero records nothing. */
  dispatch(
    program: Program,
    bindings: readonly KernelBinding[],
    uniforms: Readonly<Record<string, number>>,
    grid: readonly [number, number, number],
  ): void {
    this.check();
    if (grid.some((count) => count === 0)) return;
    const limit = this.capabilities.limits.maxComputeWorkgroupsPerDimension;
    if (grid.some((count) => count > limit)) throw tooManyGroups(program.key, limit, grid);
    const resources = bindings.map((binding, i) => this.resource(binding, program.access[i] === "write"));
    const { pipeline, layout, layoutId, uniformNames, uniformTypes } = this.pipelines.get(program);
    const groups = [this.bindGroups.get(layoutId, layout, resources)];
    if (uniformNames.length > 0) {
      const packed = this.uniforms.get(uniformsKey(uniformTypes, uniformNames, uniforms), () =>
        packUniforms(program.uniforms, uniforms),
      );
      groups.push(this.uniforms.group(packed, this.pipelines.uniformLayout));
    }
    this.record(program.key, pipeline, groups, grid, resources);
  }

  /** Throws what the device raised since the last call. */
  private check(): void {
    try {
      this.opened.check();
    } catch (error) {
      this.bindGroups.clear();
      this.pool.distrust();
      this.constants.distrust();
      throw error;
    }
  }

  /**
   * A tensor that belongs to another one's values: made once, freed with them, dropped when {@link written} says that they
   * changed. Holds f16 copies of weights and activations and what a forward kernel leaves for its backward one.
   */
  attach(owner: TensorInfo, key: string, make: () => TensorInfo): TensorInfo {
    return this.attachments.attach(owner.dataId, key, make);
  }

  attached(owner: TensorInfo, key: string): TensorInfo | undefined {
    return this.attachments.attached(owner.dataId, key);
  }

  /**
   * Leaves a new tensor without a buffer until something binds or reads it: `fill` is then to write it, from an attachment.
   * For results that exist as f16 and that mostly kernels read which know the attachment, and for those that one dispatch computes
   * together. `dropped` is called if the tensor is disposed of before anything asked for it.
   */
  defer(tensor: TensorInfo, fill: () => void, dropped?: () => void): void {
    this.data(tensor).deferred = { fill, dropped };
  }

  /**
   * Keeps a tensor's values until {@link letGo} gets the same function, even if the tensor is disposed of before. `settle` is called before
   * a kernel writes there.
   */
  hold(tensor: TensorInfo, settle: () => void): void {
    const data = this.data(tensor);
    data.holds ??= [];
    data.holds.push(settle);
  }

  letGo(tensor: TensorInfo, settle: () => void): void {
    const data = this.data(tensor);
    data.holds!.splice(data.holds!.indexOf(settle), 1);
    if (data.holds!.length > 0 || !data.outlived) return;
    this.numOutlived--;
    this.free(tensor.dataId, data);
  }

  /** Values that the host has, as of a tensor that was made of numbers and that no kernel wrote. */
  hostValues(tensor: TensorInfo): BackendValues | undefined {
    return this.data(tensor).values ?? undefined;
  }

  /**
   * Has a tensor computed that {@link defer} left without a buffer. What something attached to it holds, as f16, is there already. For what
   * measures: a result that is disposed of unread is never computed.
   */
  settle(tensor: TensorInfo): void {
    if (this.isDeferred(tensor) && !this.attachments.has(tensor.dataId)) this.uploadToGPU(tensor.dataId);
  }

  isDeferred(tensor: TensorInfo): boolean {
    return this.data(tensor).deferred !== undefined;
  }

  /** To be called after a kernel wrote into an existing tensor; `keep` names the attachments that it updated as well. */
  written(tensor: TensorInfo, keep: readonly string[] = []): void {
    this.data(tensor).values = null;
    this.detach(tensor.dataId, keep);
  }

  private detach(dataId: object, keep: readonly string[] = []): void {
    this.attachments.detach(dataId, keep, (attached) => this.disposeData(attached.dataId));
  }

  private data(tensor: TensorInfo): TensorData {
    return this.tensorMap.get(tensor.dataId) as unknown as TensorData;
  }

  private resource(binding: KernelBinding, writes: boolean): Binding {
    const isPart = "tensor" in binding;
    const { dataId } = isPart ? binding.tensor : binding;
    const data = this.tensorMap.get(dataId) as unknown as TensorData;
    if (data.resource == null) this.uploadToGPU(dataId);
    if (writes && data.holds) for (const settle of [...data.holds]) settle();
    if (writes && this.constants.has(data.resource as GPUBuffer)) this.takeOwn(data);
    const buffer = data.resource as GPUBuffer;
    return isPart ? { buffer, offset: binding.byteOffset, size: binding.byteLength } : { buffer };
  }

  /** Moves values into a buffer that no other tensor has: a kernel is about to write there. */
  private takeOwn(data: TensorData): void {
    const [size, constant] = [bytesOf(data.dtype, data.shape), data.resource as GPUBuffer];
    data.resource = this.pool.acquireBuffer(size, storageUsage());
    data.values = null;
    this.copy(constant, data.resource, size);
    this.constants.release(constant);
  }

  private record(
    key: string,
    pipeline: GPUComputePipeline,
    groups: readonly GPUBindGroup[],
    [x, y, z]: readonly [number, number, number],
    resources: readonly Binding[],
  ): void {
    const { internals } = this;
    this.ensureCommandEncoderReady();
    const bytes =
      this.timer || this.traffic.counts
        ? resources.reduce((sum, { buffer, size }) => sum + (size ?? buffer.size), 0)
        : 0;
    this.traffic.add(key, bytes);
    const timestampWrites = this.timer?.writes(key, bytes);
    if (timestampWrites) this.endComputePassEncoder();
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass(
      timestampWrites ? { timestampWrites } : {},
    );
    const pass = internals.computePassEncoder;
    pass.setPipeline(pipeline);
    for (let i = 0; i < groups.length; i++) pass.setBindGroup(i, groups[i]!);
    pass.dispatchWorkgroups(x, y, z);
    internals.dispatchCountInPass++;
    if (timestampWrites) this.endComputePassEncoder();
    else if (internals.dispatchCountInPass >= env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")) {
      this.endComputePassEncoder();
      this.submitQueue();
    }
  }

  /** tfjs's own kernels take the same path: cached uniforms and bind groups. Stands in for `recordAndSubmit`. */
  private recordTfjs(program: WebGPUProgram, output: TensorInfo, inputs: TensorInfo[], extra?: UniformField[]): void {
    this.check();
    const pipeline = program.pipeline as GPUComputePipeline;
    const { internals } = this;
    if (program.pixelsOpType != null || internals.activeTimers != null || pipeline instanceof Promise) {
      const inherited = WebGPUBackend.prototype as unknown as Pick<Internals, "recordAndSubmit">;
      inherited.recordAndSubmit.call(this, program, output, inputs, extra);
      return;
    }
    let known = this.tfjsLayouts.get(pipeline);
    if (!known) {
      known = { layout: pipeline.getBindGroupLayout(0), id: ++this.numTfjsLayouts };
      this.tfjsLayouts.set(pipeline, known);
    }
    const tensors = [output, ...inputs].map((tensor) => internals.tensorToBinding(tensor) as Binding);
    const words = packFields(tfjsFields(program, [...inputs, output], extra));
    const { buffer } = this.uniforms.get(words.join(","), () => words);
    const group = this.bindGroups.get(known.id, known.layout, [...tensors, { buffer }]);
    const [x, y = 1, z = 1] = program.dispatch as number[];
    this.record(program.constructor.name, pipeline, [group], [x!, y, z], tensors);
  }

  override uploadToGPU(dataId: object): void {
    const data = this.tensorMap.get(dataId) as unknown as TensorData;
    if (data.resource != null) return;
    const size = bytesOf(data.dtype, data.shape);
    if (size > this.capabilities.limits.maxBufferSize)
      throw tooLargeTensor(this.capabilities.limits.maxBufferSize, data.shape, size);
    const [Values, values] = [data.dtype === "float32" ? Float32Array : Int32Array, data.values as ArrayLike<number>];
    if (values && size > 0 && size <= maxConstantBytes) {
      data.resource = this.constants.take(new Uint32Array(new Values(values).buffer));
      return;
    }
    // An empty tensor still needs a buffer to bind.
    const buffer = this.pool.acquireBuffer(Math.max(size, 4), storageUsage());
    data.resource = buffer;
    if (values) {
      this.fill(buffer, Math.max(size, 4), (bytes) => new Values(bytes).set(values));
      data.values = null;
    } else if (this.poison)
      this.fill(buffer, Math.max(size, 4), (bytes) => new Uint32Array(bytes).fill(0x7fc00000 | 0x7e007e00));
    const { deferred } = data;
    data.deferred = undefined;
    deferred?.fill();
  }

  /** Through the encoder and not the queue: the pool may have handed out a buffer that unsubmitted commands still read. */
  private fill(buffer: GPUBuffer, size: number, write: (bytes: ArrayBuffer) => void): void {
    const staging = this.pool.acquireBuffer(size, GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC, true, false);
    write(staging.getMappedRange());
    staging.unmap();
    this.copy(staging, buffer, size);
    this.internals.stagingPendingDisposal.push(staging);
  }

  private copy(from: GPUBuffer, to: GPUBuffer, size: number): void {
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.internals.commandEncoder!.copyBufferToBuffer(from, 0, to, 0, size);
  }

  /** Frees at once: the pool may hand the buffer to later commands, which run after those recorded before. */
  override disposeData(dataId: object, force = false): boolean {
    if (!this.tensorMap.has(dataId)) return true;
    const data = this.tensorMap.get(dataId) as unknown as TensorData;
    if (data.complexTensorInfos != null) return super.disposeData(dataId, force);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    if (data.holds?.length) {
      // Whoever holds the values reads them on the device; for tfjs the tensor is gone.
      if (!data.outlived) this.numOutlived++;
      data.outlived = true;
      return true;
    }
    this.free(dataId, data);
    return true;
  }

  private free(dataId: object, data: TensorData): void {
    const { deferred } = data;
    data.deferred = undefined;
    deferred?.dropped?.();
    this.detach(dataId);
    const { resource } = data;
    if (resource instanceof GPUBuffer && !data.external && !this.constants.release(resource))
      this.pool.releaseBuffer(resource);
    data.resource = null;
    this.tensorMap.delete(dataId);
  }

  override numDataIds(): number {
    return super.numDataIds() - this.attachments.count - this.numOutlived;
  }

  override submitQueue(): void {
    if (!this.internals.commandEncoder) return;
    this.endComputePassEncoder();
    super.submitQueue();
    this.submits++;
    this.pool?.flush();
    this.uniforms?.recycle();
    this.constants?.recycle();
  }

  override async read(dataId: object): Promise<BackendValues> {
    const data = this.tensorMap.get(dataId) as unknown as TensorData | undefined;
    if (!data) throw disposedTensor();
    if (data.values != null) return data.values;
    if (data.dtype === "complex64") return super.read(dataId);
    this.uploadToGPU(dataId);
    const size = bytesOf(data.dtype, data.shape);
    const bytes = await this.readBytes(data.resource as GPUBuffer, size);
    if (data.dtype === "float32") return new Float32Array(bytes);
    const ints = new Int32Array(bytes);
    return data.dtype === "bool" ? Uint8Array.from(ints) : ints;
  }

  private async readBytes(buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
    if (size === 0) return new ArrayBuffer(0);
    const staging = this.pool.acquireBuffer(size, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    this.copy(buffer, staging, size);
    this.submitQueue();
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch (error) {
      await Promise.resolve();
      this.check();
      throw error;
    }
    const bytes = staging.getMappedRange().slice(0);
    staging.unmap();
    this.pool.releaseBuffer(staging);
    this.check();
    return bytes;
  }

  override readSync(dataId: object): BackendValues {
    const data = this.tensorMap.get(dataId) as unknown as TensorData;
    if (data.values != null) return data.values;
    if (typeof OffscreenCanvas === "undefined") throw cannotBlock();
    return super.readSync(dataId);
  }

  /** Runs `body` with every dispatch timed by the device; `[]` if it has no timestamps. Slower than an untimed run. */
  async profile(body: () => void): Promise<ProfiledDispatch[]> {
    if (!this.device.features.has("timestamp-query")) {
      body();
      return [];
    }
    this.submitQueue();
    const timer = new DispatchTimer(this.device);
    this.timer = timer;
    try {
      body();
    } finally {
      this.timer = undefined;
    }
    try {
      return await timer.resolve((set, into, count) => {
        this.ensureCommandEncoderReady();
        this.endComputePassEncoder();
        this.internals.commandEncoder!.resolveQuerySet(set, 0, count, into, 0);
        return this.readBytes(into, count * 8);
      });
    } finally {
      timer.dispose();
    }
  }

  /** What `body` dispatches, by kernel. */
  countTraffic(body: () => void): Map<string, Traffic> {
    return this.traffic.during(body);
  }

  /** Bind groups made, uniforms uploaded and submits so far: the first two stand still once a training step repeats itself. */
  dispatchCounters(): { bindGroups: number; uniformUploads: number; submits: number } {
    return { bindGroups: this.bindGroups.created, uniformUploads: this.uniforms.uploads, submits: this.submits };
  }

  override dispose(): void {
    this.internals.computePassEncoder = null;
    this.internals.commandEncoder = null;
    this.bindGroups.clear();
    this.uniforms.dispose();
    this.constants.dispose();
    super.dispose();
    this.device.destroy();
  }
}

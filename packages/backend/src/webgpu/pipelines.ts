/// <reference types="@webgpu/types" />

/** A compute shader: its text, what it binds and the uniforms that it reads. Equal keys mean equal text. */
export interface Program {
  key: string;
  wgsl(): string;
  /** One a storage binding of group 0, in order; the uniforms, if any, are binding 0 of group 1. */
  access: readonly ("read" | "write")[];
  /** Four-byte scalars, in the order of the struct. */
  uniforms: Readonly<Record<string, "u32" | "i32" | "f32">>;
}

export interface CachedPipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  layoutId: number;
  /** Names of the uniforms, and a letter for the type of each. */
  uniformNames: readonly string[];
  uniformTypes: string;
}

/** Pipelines by program key; layouts by signature, so that bind groups are shared between kernels. */
export class PipelineCache {
  private readonly pipelines = new Map<string, CachedPipeline>();
  private readonly layouts = new Map<
    string,
    { layout: GPUBindGroupLayout; pipelineLayout: GPUPipelineLayout; id: number }
  >();

  private uniforms: GPUBindGroupLayout | undefined;

  constructor(private readonly device: GPUDevice) {}

  get(program: Program): CachedPipeline {
    const found = this.pipelines.get(program.key);
    if (found) return found;
    const { layout, pipelineLayout, id } = this.layout(program);
    const module = this.device.createShaderModule({ code: program.wgsl(), label: program.key });
    const pipeline = this.device.createComputePipeline({
      label: program.key,
      layout: pipelineLayout,
      compute: { module },
    });
    const uniformNames = Object.keys(program.uniforms);
    const uniformTypes = uniformNames.map((name) => program.uniforms[name]![0]).join("");
    const entry = { pipeline, layout, layoutId: id, uniformNames, uniformTypes };
    this.pipelines.set(program.key, entry);
    return entry;
  }

  /** Of group 1: the uniforms, apart from the tensors, so that a changed learning rate costs no new group of tensors. */
  get uniformLayout(): GPUBindGroupLayout {
    this.uniforms ??= this.device.createBindGroupLayout({
      label: "uniforms",
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform" } }],
    });
    return this.uniforms;
  }

  private layout(program: Program) {
    const hasUniforms = Object.keys(program.uniforms).length > 0;
    const signature = `${program.access.map((access) => access[0]).join("")}${hasUniforms ? "u" : ""}`;
    const found = this.layouts.get(signature);
    if (found) return found;
    const layout = this.device.createBindGroupLayout({
      label: signature,
      entries: program.access.map((access, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      })),
    });
    const pipelineLayout = this.device.createPipelineLayout({
      bindGroupLayouts: hasUniforms ? [layout, this.uniformLayout] : [layout],
    });
    // Negative: tfjs's own pipelines are numbered upwards, and 0 is the group of uniforms.
    const entry = { layout, pipelineLayout, id: -1 - this.layouts.size };
    this.layouts.set(signature, entry);
    return entry;
  }
}

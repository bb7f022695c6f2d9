import { attentionSpec } from "../attention/spec.ts";
import type { OpSpec } from "../conformance-case.ts";
import { dropoutSpec } from "../dropout/spec.ts";
import { embeddingSpec } from "../embedding/spec.ts";
import { gatedFeedForwardSpec } from "../gated-feed-forward/spec.ts";
import { geluSpec } from "../gelu/spec.ts";
import { gluSpec } from "../glu/spec.ts";
import { layerNormSpec } from "../layer-norm/spec.ts";
import { linearSpec } from "../linear/spec.ts";
import { maskedCrossEntropySpec } from "../masked-cross-entropy/spec.ts";
import { residualNormSpec } from "../residual-norm/spec.ts";
import { rmsNormSpec } from "../rms-norm/spec.ts";
import { rotarySpec } from "../rotary/spec.ts";

/** Every differentiable op with its cases. */
export const opSpecs: OpSpec[] = [
  attentionSpec,
  dropoutSpec,
  embeddingSpec,
  gatedFeedForwardSpec,
  geluSpec,
  gluSpec,
  layerNormSpec,
  linearSpec,
  maskedCrossEntropySpec,
  residualNormSpec,
  rmsNormSpec,
  rotarySpec,
];

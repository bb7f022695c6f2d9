import { type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { type AttentionAttrs, attentionGradReference } from "./reference.ts";

/** `dy, y [batch, seq, hidden]`, `qkv [batch, seq, 3 * hidden]`, `lse [batch, heads, seq]` -> dqkv like qkv. */
export const attentionGrad = (
  dy: Tensor,
  qkv: Tensor,
  y: Tensor,
  lse: Tensor,
  mask: Tensor | undefined,
  attrs: AttentionAttrs,
): Tensor =>
  qkv.size === 0
    ? zerosLike(qkv)
    : fused(`Cramkit${attrs.reach === 0 ? "" : "Local"}AttentionGrad`, { dy, qkv, y, lse, mask }, { ...attrs }, () =>
        attentionGradReference(dy, qkv, y, lse, mask, attrs),
      );

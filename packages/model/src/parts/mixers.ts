import type { MixerName, PartFactory } from "../config.ts";
import { headSpectrum } from "../operations/fourier-matrices.ts";
import { localAttention, selfAttention } from "./attention.ts";
import { flash } from "./flash.ts";
import { linearParameters, runLinear } from "./linear.ts";
import {
  cumulativeAttention,
  cumulativeExpAttention,
  normalizedAttention,
  tuformer,
  unnormalizedAttention,
} from "./score-attention.ts";

/** FNet: the real part of the 2-D Fourier transform, without a parameter. Padding is mixed in as anything else. */
const fourier: PartFactory = (_, { width }) => ({
  parameters: {},
  run: (x, { ops }) => ops.realFourier(x, width),
});

/**
 * The study's Fourier transform with parameters: that of each position over heads and the values of a head, real and imaginary
 * parts by turns, through a matrix `[hidden, 2 hidden]`. As there, it mixes no positions.
 */
const fourierExperimental: PartFactory = ({ hidden, heads, qkvBias, useBias }) => ({
  parameters: {
    ...linearParameters("self_attention.projection", 2 * hidden, hidden, qkvBias),
    ...linearParameters("dense", hidden, hidden, useBias),
  },
  run(x, scope) {
    const matrix = scope.ops.constant(headSpectrum(heads, hidden / heads), [hidden, 2 * hidden]);
    const projected = runLinear(scope.ops.matMul(x, matrix), scope, "self_attention.projection", qkvBias);
    return runLinear(projected, scope, "dense", useBias);
  },
});

/** A mixer without a projection of its own, followed by one. */
const projected =
  (mixer: PartFactory): PartFactory =>
  (config, place) => {
    const inner = mixer(config, place);
    return {
      parameters: { ...inner.parameters, ...linearParameters("dense", place.width, place.width, config.useBias) },
      run: (x, scope) => runLinear(inner.run(x, scope), scope, "dense", config.useBias),
    };
  };

const identity: PartFactory = () => ({ parameters: {}, run: (x) => x });

export const mixers: Record<MixerName, PartFactory> = {
  "self-attention": selfAttention,
  "local-attention": localAttention,
  "normalized-attention": normalizedAttention,
  "unnormalized-attention": unnormalizedAttention,
  "cumulative-attention": cumulativeAttention,
  "cumulative-exp-attention": cumulativeExpAttention,
  tuformer,
  flash,
  fourier,
  "fourier-projected": projected(fourier),
  "fourier-experimental": fourierExperimental,
  none: identity,
};

import type { SettingNotes } from "./setting.ts";

/** Where each optimizer comes from. */
export const optimizerPapers: Readonly<Record<string, string>> = {
  adamw: "Loshchilov and Hutter, arXiv 1711.05101; Cramming, section 4.3",
  adam: "Loshchilov and Hutter, arXiv 1711.05101",
  adam_classic: "Kingma and Ba, arXiv 1412.6980",
  adam8bit: "Dettmers et al., arXiv 2110.02861; bitsandbytes",
  adamscale: "nanoT5, arXiv 2309.02373",
  radam: "Liu et al., arXiv 1908.03265",
  adafactor: "Shazeer and Stern, arXiv 1804.04235",
  sgd: "Sutskever et al. 2013",
  lion: "Chen et al., arXiv 2302.06675",
  sophia: "Liu et al., arXiv 2305.14342",
  adahessian: "Yao et al., arXiv 2006.00719",
  shampoo: "Gupta et al., arXiv 1802.09568",
  agd: "Bernstein et al., arXiv 2304.05187",
  lars: "You et al., arXiv 1708.03888",
  larc: "You et al., arXiv 1708.03888, clipped",
  sam: "Foret et al., arXiv 2010.01412",
  stable_adamw: "Wortsman et al., arXiv 2304.13013",
  lamb: "You et al., arXiv 1904.00962",
  muon: "Jordan et al. 2024",
};

interface Notes extends SettingNotes {
  readonly meaning: string;
}

/** What each hyperparameter does, by its name; the same name means the same in every optimizer. */
const hyperparameters: Readonly<Record<string, Notes>> = {
  learningRate: {
    meaning: "Peak of the learning rate; the schedule multiplies it.",
    paper: "Cramming, section 4.3 (1e-3 for AdamW)",
  },
  b1: { meaning: "Decay of the mean of gradients.", unit: "share that stays a step" },
  b2: { meaning: "Decay of the mean of squared gradients.", unit: "share that stays a step" },
  epsilon: { meaning: "What is added before a division." },
  weightDecay: { meaning: "Weight decay; biases and norms are left out.", unit: "share of a weight, times the rate" },
  momentum: { meaning: "Decay of the momentum.", unit: "share that stays a step" },
  nesterov: { meaning: "Nesterov's momentum, which looks a step ahead." },
  trust: { meaning: "The length of a step, relative to that of the weights." },
  decay: { meaning: "Exponent by which the memory of squared gradients grows with the steps." },
  threshold: { meaning: "Largest root mean square of a step, before the learning rate." },
  scaleParameter: { meaning: "Multiplies each step by the root mean square of the weights." },
  rho: { meaning: "sophia: scale of the Hessian; sam: length of the climb before a gradient is taken." },
  batchScale: { meaning: "The batch that the Hessian is scaled for.", unit: "rows" },
  every: { meaning: "How often the second-order part is computed anew.", unit: "steps" },
  hessianPower: { meaning: "Exponent of the diagonal of the Hessian." },
  difference: { meaning: "Length of the difference that estimates the Hessian." },
  graftB2: { meaning: "Decay of the squares that give a step its length.", unit: "share that stays a step" },
  ridge: { meaning: "What is added to a matrix before its root is taken." },
  longest: { meaning: "Longest side of a matrix that is preconditioned.", unit: "features" },
  gain: { meaning: "Factor of the step." },
  method: { meaning: "How a step is made orthogonal." },
  iterations: { meaning: "Iterations towards an orthogonal step.", unit: "iterations" },
  matchRms: { meaning: "Scales steps to the size of AdamW's.", paper: "Liu et al., arXiv 2502.16982" },
  neuronwise: { meaning: "Normalises each neuron's step by its second moment.", paper: "NorMuon, arXiv 2510.05491" },
  cautious: {
    meaning: "Leaves weight decay out wherever it goes against the step.",
    paper: "Chen et al., arXiv 2510.12402",
  },
  adamw: { meaning: "AdamW for everything but hidden matrices." },
};

/** Notes of a hyperparameter. */
export const hyperparameterNotes = (name: string): Notes => hyperparameters[name] ?? { meaning: "" };

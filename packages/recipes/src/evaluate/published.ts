/**
 * Published results to compare a run with, from 'Cramming: Training a Language Model on a Single GPU in One Day'
 * (arXiv 2212.14034), its reference code and model cards. `provenance` says how far each row can be trusted.
 */
export const publishedCompute = [
  { name: "crammed BERT, RTX A6000, 24 h", exaFlop: 13.37 },
  { name: "BERT as Izsak et al. (2021) train it, 8 V100, 24 h", exaFlop: 86 },
  { name: "original BERT, 16 TPUv3, 4 days", exaFlop: 680 },
  { name: "RoBERTa-base, 1024 V100, 1 day", exaFlop: 11_059 },
] as const;

/** Final masked-token losses in nats; each on its own data, vocabulary and masking, so only a rough measure. */
export const publishedLosses = [
  { name: "crammed BERT v1, 24 h, 15 % masked", loss: 1.9, provenance: "paper, figure 1" },
  {
    name: "crammed BERT v2, RTX A5500, 24 h, 25 % masked",
    loss: 1.971,
    provenance: "a reproducer's report, issue 45 of the reference code",
  },
] as const;

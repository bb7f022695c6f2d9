/** Operations a second that a device can do at best, in units of 1e12, in the precision that it trains in. */
const peaks = {
  "RTX 2080 Ti": 53.8,
  "RTX A4000": 88.45,
  "RTX A6000": 154.8,
  V100: 125,
  "Titan RTX": 130.5,
  TPUv3: 123,
  TPUv4: 275,
} as const;

/** How a model was trained, and the operations that its devices could have done in that time. */
export interface TrainingSetup {
  readonly name: string;
  readonly device: keyof typeof peaks;
  readonly devices: number;
  readonly hours: number;
  /** Peak of the devices, in units of 1e12 operations a second each. */
  readonly peakTeraFlops: number;
  /** Peak times devices times hours, in units of 1e18 operations, as the study counts. */
  readonly exaFlop: number;
  readonly source: string;
}

const peaksOf = "peaks of the study's appendix B.1";

/**
 * Published training setups, the smallest first, after table 1 of 'Cramming' (arXiv 2212.14034). A product of peak and hours is what
 * the hardware could have done, not what the training needed.
 */
export const trainingSetups = (): TrainingSetup[] =>
  (
    [
      ["crammed BERT", "RTX 2080 Ti", 1, 24, peaksOf],
      ["crammed BERT", "RTX A4000", 1, 24, `${peaksOf}; that of the A4000 is the study's estimate`],
      ["crammed BERT", "RTX A6000", 1, 24, peaksOf],
      ["BERT by Izsak et al. (2021)", "V100", 8, 24, peaksOf],
      ["T5-base", "TPUv3", 16, 24, peaksOf],
      ["crammed BERT, 16 times the compute", "RTX A6000", 8, 48, `${peaksOf}; the study writes 208 exaFLOP`],
      ["SqueezeBERT", "Titan RTX", 8, 96, peaksOf],
      ["BERT by Narasimhan (2019)", "V100", 1472, 47 / 60, peaksOf],
      ["original BERT", "TPUv3", 16, 96, peaksOf],
      ["BERT by Dettmers (2018)", "V100", 8, 264, peaksOf],
      ["RoBERTa-base", "V100", 1024, 24, peaksOf],
      ["PaLM", "TPUv4", 6144, 1200, peaksOf],
    ] as const
  )
    .map(([name, device, devices, hours, source]) => {
      const peakTeraFlops = peaks[device];
      return {
        name,
        device,
        devices,
        hours,
        peakTeraFlops,
        exaFlop: (peakTeraFlops * devices * hours * 3600) / 1e6,
        source,
      };
    })
    .sort((a, b) => a.exaFlop - b.exaFlop);

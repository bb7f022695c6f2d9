import { optimizerNames, studySettings } from "./optimizer-settings.ts";
import { averagings } from "./schema/training-schema.ts";

type Tree = Readonly<Record<string, unknown>>;

/** A field that says what the others beside it are, and what its new value begins with. */
interface Replacement {
  readonly field: string;
  /** What the others are, given the current ones and the new value. */
  readonly begin: (current: Tree | null, value: unknown) => unknown;
}

/** By the path of what they stand in. */
export const replacements: Readonly<Record<string, Replacement>> = {
  /** Another optimizer comes with the study's learning rate and hyperparameters; only the clipping stays. */
  "training.optimizer": {
    field: "name",
    begin(current, name) {
      if (name === current?.name) return current;
      const known = optimizerNames.find((candidate) => candidate === name);
      return known ? studySettings(known, { clipNorm: current?.clipNorm as number | null }) : { ...current, name };
    },
  },
  "training.averaging": {
    field: "kind",
    begin(current, kind) {
      if (kind === current?.kind) return current;
      return averagings.find((candidate) => candidate.kind === kind) ?? { ...current, kind };
    },
  },
};

import type { FaultCode, FaultParts } from "@cramkit/errors";
import type { BadReason, BadRecord, ReadReport } from "../../read-report.ts";

/** What a `CorpusInputError` says beside its problem. */
export interface CorpusInputParts {
  readonly file: string;
  /** A line, a record, a byte. */
  readonly at: string;
  /** @defaultValue "damaged-file" */
  readonly code?: FaultCode;
  /** @defaultValue none */
  readonly remedy?: string;
  /** @defaultValue none */
  readonly details?: FaultParts["details"];
  /** @defaultValue none */
  readonly cause?: unknown;
}

/** Input that cannot be read: a fault of `@cramkit/errors`, with a code, a place, a problem and a remedy. */
export class CorpusInputError extends Error implements FaultParts {
  override name = "CorpusInputError";
  readonly code: FaultCode;
  readonly file: string;
  /** The line, the record or the byte. */
  readonly at: string;
  /** File and `at`. */
  readonly place: string;
  readonly problem: string;
  /** @defaultValue none */
  readonly remedy?: string;
  /** @defaultValue none */
  readonly details?: FaultParts["details"];
  /** Problem and remedy. */
  readonly reason: string;
  constructor(problem: string, { file, at, code = "damaged-file", remedy, details, cause }: CorpusInputParts) {
    const reason = remedy === undefined ? problem : `${problem}; ${remedy}`;
    super(`${file}, ${at}: ${reason}`, { cause });
    [this.file, this.at, this.place] = [file, at, `${file}, ${at}`];
    [this.code, this.problem, this.remedy, this.reason] = [code, problem, remedy, reason];
    this.details = details;
  }
}

export interface BadInputPolicy {
  /**
   * Share of records that may be bad (broken JSON, invalid UTF-8, no text); beyond it the reader stops.
   *
   * @defaultValue `0.001`
   */
  maxBadShare?: number;
  /**
   * A file that ends early or is damaged as a whole: stop, or keep what was read of it and go on with the next.
   *
   * @defaultValue `"stop"`
   */
  onBrokenFile?: "stop" | "skip";
  /**
   * Called for each record that cannot be read, and for each broken file that is skipped, before the share is checked.
   *
   * @defaultValue they are counted alone
   */
  onBad?: (bad: BadInput) => void;
}

/** A record that cannot be read, or a broken file. */
export interface BadInput extends BadRecord {
  kind: "record" | "file";
  /** Records that it stands for; 0 for a file. */
  records: number;
}

/** Counts of one reading, and the policy over them. The report is its own: whoever counts elsewhere may write into it. */
export interface ReadTally {
  readonly report: ReadReport;
  good(text: string): void;
  bad(record: BadRecord & BadReason, records?: number): void;
  broken(error: CorpusInputError): void;
  /** True for the error that stopped the reading because too many records were bad. */
  exceeded(error: CorpusInputError): boolean;
  /** At the end: throws if more than the allowed share of all records was bad. */
  finish(): void;
}

const keptExamples = 5;
/** Before this many records a single bad one does not speak for a share; the check at the end is exact. */
const firstRecords = 1000;

export const createReadTally = ({ maxBadShare = 0.001, onBrokenFile = "stop", onBad }: BadInputPolicy): ReadTally => {
  const report: ReadReport = {
    files: 0,
    documents: 0,
    characters: 0,
    unwanted: 0,
    badRecords: 0,
    brokenFiles: 0,
    examples: [],
  };
  let stopped: CorpusInputError | undefined;
  let badPlaces = 0;
  let last: BadRecord & BadReason = { file: "", place: "", reason: "" };
  const check = (atLeast: number) => {
    const records = report.documents + report.unwanted + report.badRecords;
    if (report.badRecords <= maxBadShare * Math.max(records, atLeast)) return;
    const { file, place: at, reason, remedy, option = [] } = last;
    // Who allows none reads what must be whole, such as a held-out set: there is nothing to raise.
    const isRaised = maxBadShare > 0;
    const remedies = [remedy ?? [], "repair the input", isRaised ? "raise maxBadShare" : []].flat();
    const share = `; ${report.badRecords} of ${records} records are bad, more than the allowed share of ${maxBadShare}`;
    stopped = new CorpusInputError(`${reason}${isRaised ? share : ""}`, {
      ...{ file, at, code: "invalid-input" },
      remedy: `${remedies.slice(0, -1).join(", ")}${remedies.length > 1 ? " or " : ""}${remedies.at(-1)}`,
      details: { option: [option, isRaised ? "maxBadShare" : []].flat() },
    });
    throw stopped;
  };
  const note = (record: BadRecord & BadReason, isFirst: boolean) => {
    last = record;
    const { file, place, reason } = record;
    if (isFirst) report.examples.push({ file, place, reason });
  };
  return {
    report,
    good(text) {
      report.documents++;
      report.characters += text.length;
    },
    bad(record, records = 1) {
      const { file, place, reason } = record;
      onBad?.({ file, place, reason, kind: "record", records });
      note(record, ++badPlaces <= keptExamples);
      report.badRecords += records;
      check(firstRecords);
    },
    broken(error) {
      if (onBrokenFile === "stop") throw orSkipped(error);
      const { file, at: place, reason } = error;
      onBad?.({ file, place, reason, kind: "file", records: 0 });
      note({ file, place, reason }, ++report.brokenFiles <= keptExamples);
    },
    exceeded: (error) => error === stopped,
    finish() {
      check(0);
    },
  };
};

/** The same error, with what a reader of documents can do about it besides. */
const orSkipped = (error: CorpusInputError): CorpusInputError => {
  const { file, at, code, problem, remedy, details } = error;
  const option = (details?.option ?? []) as string | readonly string[];
  const skip = 'set onBrokenFile to "skip"';
  return new CorpusInputError(problem, {
    ...{ file, at, code, cause: error },
    remedy: remedy === undefined ? skip : `${remedy}, or ${skip}`,
    details: { ...details, option: [option, "onBrokenFile"].flat() },
  });
};

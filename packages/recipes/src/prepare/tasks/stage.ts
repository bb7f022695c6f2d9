import type { PreparationOptions } from "../texts-and-tokenizer.ts";

/** A stage that tasks share out: parts that do not wait for one another, and one merge of all of them. */
export interface TaskStage {
  /** As a person reads it: "reading". */
  readonly name: string;
  /** What a part is: "files". */
  readonly unit: string;
  readonly parts: number;
  /** Whether the merge is over, by another task perhaps, which may have removed the parts. */
  isOver(): Promise<boolean>;
  /** Whether a part is done, of the text that there is now. */
  isDone(part: number): Promise<boolean>;
  /** Begins to work: what all parts need is made once. */
  start(): Promise<StageWork>;
  /** What follows when all parts are done. One task at a time. */
  merge(): Promise<void>;
}

interface StageWork {
  do(part: number, onRead: (characters: number) => void): Promise<void>;
  end?(): Promise<void>;
}

export type StageOptions = PreparationOptions & {
  /** Tasks, of which each is to have a part where there is enough to share. */
  readonly of: number;
};

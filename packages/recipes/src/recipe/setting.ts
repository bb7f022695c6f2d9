import { z } from "zod";

/** What a setting says of itself, beside its type: read by `cramkit recipes --explain`, the page of settings and the JSON Schema. */
export interface SettingNotes {
  /**
   * What it counts, or a share of what.
   * @defaultValue none: a choice, a name or a switch
   */
  readonly unit?: string;
  /**
   * Where it comes from: a paper, or a section of the study (arXiv 2212.14034).
   * @defaultValue none: a matter of this implementation
   */
  readonly paper?: string;
  /**
   * The setting whose fields these are too.
   * @defaultValue fields of its own
   */
  readonly like?: string;
}

/** A field of a recipe, with its meaning. */
export const setting = <S extends z.ZodType>(schema: S, description: string, notes: SettingNotes = {}): S =>
  schema.meta({ description, ...notes });

/** Kinds of numbers that many settings are. */
export const numbers = () => {
  const share = z.number().min(0).max(1);
  const positive = z.number().positive();
  const count = z.int().positive();
  /** A count with a bound beyond which it is a slip: nothing is made of that size before somebody says so. */
  const upTo = (most: number) => count.max(most);
  return { share, positive, count, upTo };
};

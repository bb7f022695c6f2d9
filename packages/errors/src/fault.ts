import { type FaultCode, faultCodes } from "./codes.ts";

/** What an error says, as data. */
export interface FaultParts {
  readonly code: FaultCode;
  /** Where: a file (with its line or byte), an address, a setting, a function. @defaultValue none */
  readonly place?: string;
  /** What is wrong, as a clause without a full stop: `expected <X>, got <Y>`. */
  readonly problem: string;
  /** What to do about it, as a clause without a full stop. It must work where the error is shown. @defaultValue none */
  readonly remedy?: string;
  /** Values that a caller can use: numbers, names, paths. Plain data. @defaultValue none */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error that carries its parts. Its message is `place: problem; remedy`. */
export type Fault = Error & FaultParts;

export interface FaultOptions extends FaultParts {
  /** What led to this error. @defaultValue none */
  readonly cause?: unknown;
  /**
   * Class of the error.
   *
   * @defaultValue `Error`
   */
  readonly type?: new (
    message: string,
    options?: ErrorOptions,
  ) => Error;
}

/** Makes an error out of its parts. This is the one place that words are put together in. */
export const fault = ({ type = Error, cause, ...parts }: FaultOptions): Fault => {
  const error = new type(messageOf(parts), cause === undefined ? undefined : { cause });
  const { captureStackTrace } = Error as Partial<typeof Error>; // V8 has it
  captureStackTrace?.(error, fault); // the stack begins where the fault was found
  return Object.assign(error, defined(parts));
};

/** Whether an error was made by `fault`, also by another copy of this package. */
export const isFault = (error: unknown): error is Fault =>
  error instanceof Error && "problem" in error && Object.hasOwn(faultCodes, (error as Partial<Fault>).code ?? "");

/** The same error with another place, problem or remedy, and itself as the cause: for a caller who knows more. */
export const reworded = (error: Fault, parts: Partial<FaultParts>): Fault =>
  fault({ ...partsOf(error), ...defined(parts), type: classes[error.name], cause: error });

const classes: Readonly<Record<string, FaultOptions["type"]>> = { RangeError, SyntaxError, TypeError };

/** The parts of a fault: plain data, as it can be printed, or sent from a worker and given to `fault` again. */
export const partsOf = ({ code, place, problem, remedy, details }: Fault): FaultParts =>
  defined({ code, place, problem, remedy, details });

const messageOf = ({ place, problem, remedy }: FaultParts): string =>
  `${place === undefined ? "" : `${place}: `}${problem}${remedy === undefined ? "" : `; ${remedy}`}`;

const defined = <T extends object>(parts: T): T =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as T;

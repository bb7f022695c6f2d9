/** An integer that a number cannot hold, in its digits. */
export class LargeInteger {
  constructor(readonly digits: string) {}

  /** How messages show it. */
  [Symbol.toPrimitive](): string {
    return this.digits;
  }
}

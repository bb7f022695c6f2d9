/** What was dispatched: how often, and the bytes that were bound for it. */
export interface Traffic {
  dispatches: number;
  bytes: number;
}

/** Counts dispatches by kernel while something runs. */
export class TrafficCounter {
  private counted: Map<string, Traffic> | undefined;

  get counts(): boolean {
    return this.counted !== undefined;
  }

  add(key: string, bytes: number): void {
    if (!this.counted) return;
    const before = this.counted.get(key) ?? { dispatches: 0, bytes: 0 };
    this.counted.set(key, { dispatches: before.dispatches + 1, bytes: before.bytes + bytes });
  }

  during(body: () => void): Map<string, Traffic> {
    const counted = new Map<string, Traffic>();
    this.counted = counted;
    try {
      body();
      return counted;
    } finally {
      this.counted = undefined;
    }
  }
}

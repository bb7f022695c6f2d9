import type { TensorInfo } from "@tensorflow/tfjs-core";

/** Tensors that belong to the values of another one, by keys. */
export class Attachments {
  private readonly all = new WeakMap<object, Map<string, TensorInfo>>();
  /** How many there are. */
  count = 0;

  attach(owner: object, key: string, make: () => TensorInfo): TensorInfo {
    let own = this.all.get(owner);
    if (!own) this.all.set(owner, (own = new Map()));
    let attached = own.get(key);
    if (!attached) {
      attached = make();
      own.set(key, attached);
      this.count++;
    }
    return attached;
  }

  attached(owner: object, key: string): TensorInfo | undefined {
    return this.all.get(owner)?.get(key);
  }

  has(owner: object): boolean {
    return (this.all.get(owner)?.size ?? 0) > 0;
  }

  /** Takes away all but those that `keep` names, and hands each to `free`. */
  detach(owner: object, keep: readonly string[], free: (attached: TensorInfo) => void): void {
    const own = this.all.get(owner);
    if (!own) return;
    for (const [key, attached] of own) {
      if (keep.includes(key)) continue;
      own.delete(key);
      this.count--;
      free(attached);
    }
  }
}

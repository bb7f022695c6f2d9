/** An Int32Array that doubles when an index lies beyond its end. */
export function growInt32(capacity: number) {
  return {
    data: new Int32Array(capacity),
    set(index: number, value: number) {
      if (index >= this.data.length) {
        const larger = new Int32Array(Math.max(index + 1, this.data.length * 2));
        larger.set(this.data);
        this.data = larger;
      }
      this.data[index] = value;
    },
  };
}

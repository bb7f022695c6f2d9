/** A charsmap of SentencePiece with these entries, in base64: the double array gives every node 256 places of its own. */
export const charsmap = (entries: Record<string, string>): string => {
  const encoder = new TextEncoder();
  const texts: number[] = [];
  const root = { children: new Map<number, Node>(), value: -1 };
  for (const [from, to] of Object.entries(entries)) {
    let node: Node = root;
    for (const byte of encoder.encode(from)) {
      let next = node.children.get(byte);
      if (!next) node.children.set(byte, (next = { children: new Map(), value: -1 }));
      node = next;
    }
    node.value = texts.length;
    texts.push(...encoder.encode(to), 0);
  }
  const units: number[] = [];
  let blocks = 1;
  const place = (node: Node, at: number, label: number) => {
    const base = 256 * blocks++;
    units[at] = (((at ^ base) << 10) | (node.value >= 0 ? 0x100 : 0) | label) >>> 0;
    if (node.value >= 0) units[base] = (node.value | 0x80000000) >>> 0;
    for (const [byte, child] of node.children) place(child, base ^ byte, byte);
  };
  place(root, 0, 0);
  const trie = Uint32Array.from({ length: 256 * blocks }, (_, i) => units[i] ?? 0);
  return Buffer.concat(
    [Uint32Array.of(trie.byteLength), trie, Uint8Array.from(texts)].map((part) => new Uint8Array(part.buffer)),
  ).toString("base64");
};

interface Node {
  children: Map<number, Node>;
  value: number;
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../../packages/errors/src/index.ts";
import { openPreparedSet, verifyPreparedSet, writePreparedSet } from "../../packages/packer/src/node/index.ts";
import { manifestDigest } from "../../packages/packer/src/node/manifest.ts";
import { damagedBytes, damagedJson, drawsOf, jsonOf } from "./damage.ts";
import type { FuzzTarget } from "./target.ts";

const documents = Array.from({ length: 60 }, (_, n) =>
  Array.from({ length: 5 + (n % 9) }, (_, i) => 5 + ((n * i) % 90)),
);

let whole: Buffer | undefined;

/** `manifest.json` of prepared rows: damaged anywhere, or changed by somebody who knows how to make its digest again. */
export const manifest: FuzzTarget = {
  name: "manifest",
  async once(seed, folder) {
    const set = join(folder, "set");
    const path = join(set, "manifest.json");
    if (!existsSync(set) || whole === undefined) {
      await writePreparedSet(set, documents, {
        vocabSize: 100,
        seqLength: 8,
        rowsPerShard: 16,
        separatorId: 3,
        configuration: { a: 1 },
      });
      whole = readFileSync(path);
    }
    const draw = drawsOf(seed);
    if (draw(4) === 0) writeFileSync(path, damagedBytes(whole, draw));
    else {
      const changed = damagedJson(JSON.parse(whole.toString()), draw) as Parameters<typeof manifestDigest>[0];
      writeFileSync(
        path,
        jsonOf(draw(6) === 0 ? changed : { ...changed, digest: manifestDigest(JSON.parse(JSON.stringify(changed))) }),
      );
    }
    await verifyPreparedSet(set);
    const opened = await openPreparedSet(set);
    try {
      const rows = Array.from({ length: Math.min(opened.rowCount, 40) }, (_, index) => index);
      const target = new Int32Array(rows.length * opened.seqLength);
      opened.readRows(rows, target);
      if (target.some((id) => id < 0 || id >= opened.vocabSize)) throw new Error("ids beyond the vocabulary");
    } finally {
      opened.close();
    }
    return true;
  },
  isClear: (error) => isFault(error) && (error.place ?? "").includes("set"),
};

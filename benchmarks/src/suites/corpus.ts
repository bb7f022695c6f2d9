import {
  clean,
  type Document,
  type DocumentFilter,
  deduplicateDocuments,
  lengthBetween,
  referenceCleaning,
} from "@cramkit/corpus";
import { deduplicateSubstrings } from "@cramkit/corpus/node";
import type { Contestant, Suite } from "../measure/suite.ts";
import { sampleText } from "../workloads/text.ts";

export const corpusSuite: Suite = {
  name: "corpus",
  describes: "cleaning, filters and deduplication: MB/s",
  hasShapes: false,
  async run({ options, measure }) {
    const { texts, bytes, name } = await sampleText(options, 4);
    const documents: AsyncIterable<Document> = {
      async *[Symbol.asyncIterator]() {
        for (const text of texts) yield { text };
      },
    };
    const filters: Record<string, () => DocumentFilter> = {
      clean: () => clean(),
      "clean as the reference": () => clean(referenceCleaning),
      "length of 100 characters on": () => lengthBetween({ minCharacters: 100 }),
      "repeated documents": () => deduplicateDocuments(),
      "repeated substrings of 75 bytes": () => deduplicateSubstrings({ minBytes: 75 }),
    };
    for (const [filter, create] of Object.entries(filters)) {
      const through = async () => {
        const filtered = create()(documents);
        let kept = 0;
        for await (const { text } of filtered) kept += text.length;
        return { kept, report: filtered.report() };
      };
      const contestant: Contestant = {
        provider: "cramkit",
        work: bytes,
        run: through,
        // What the filter says it kept is what came out, and nothing got lost on the way.
        async check() {
          const { kept, report } = await through();
          const all = report.kept.documents + report.dropped.documents === texts.length;
          return all && kept > 0 ? 0 : 1;
        },
      };
      await measure({ case: filter, shape: name, unit: "MB/s", backend: "host", contestants: [contestant] });
    }
  },
};

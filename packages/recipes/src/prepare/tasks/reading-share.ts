import { documentFiles, type FilesPart, hubFiles } from "@cramkit/corpus/node";
import { novels } from "@cramkit/novels";
import type { Recipe, SourceSpec } from "../../recipe/recipe.ts";
import type { HubWaits } from "../hub-waits.ts";

/** What one task reads at a time: a file of a source, or all of a source whose files are not independent. */
export interface ReadingShare {
  /** Its name among the files of tasks. */
  readonly name: string;
  /** Number of the source. */
  readonly source: number;
  readonly part: FilesPart;
  /** The local files that are read. */
  readonly files: readonly string[];
  /** Changes with what is read, as far as no local file says so. */
  readonly identity: string;
}

/** The shares of a recipe's sources, in the order in which they are read. */
export const readingShares = async ({ corpus }: Recipe, hub: HubWaits): Promise<ReadingShare[]> => {
  const shares: ReadingShare[] = [];
  for (const [source, spec] of corpus.sources.entries()) {
    const files = await filesOf(spec, hub);
    const isOne = !areIndependent(files, corpus);
    for (const [index, { path, identity }] of (isOne ? [{ path: undefined, identity: "" }] : files).entries()) {
      const all = isOne ? files : [{ path, identity }];
      shares.push({
        name: `${source}-${index}`,
        source,
        part: { index, of: isOne ? 1 : files.length },
        files: all.flatMap((file) => file.path ?? []),
        identity: JSON.stringify(all.map((file) => file.identity)),
      });
    }
  }
  return shares;
};

interface SharedFile {
  /** Of a local file. */
  readonly path: string | undefined;
  readonly name: string;
  readonly identity: string;
}

const filesOf = async (spec: SourceSpec, hub: HubWaits): Promise<SharedFile[]> => {
  switch (spec.kind) {
    case "files": {
      const { path, include, exclude, format } = spec;
      const files = await documentFiles({ path, include, exclude, format });
      return files.map(({ path, name }) => ({ path, name, identity: path }));
    }
    case "hub": {
      const { uri, hubUrl, include, exclude, format } = spec;
      const files = await hubFiles({ uri, hubUrl, include, exclude, format, ...hub });
      return files.map(({ path, digest }) => ({ path: undefined, name: path, identity: `${path} ${digest}` }));
    }
    case "novels":
      return novels.map(({ file }) => ({ path: undefined, name: file, identity: file }));
    case "installed-documentation": // a paragraph is left out that an earlier package has
    case "ids":
      return [{ path: undefined, name: spec.kind, identity: spec.kind }];
  }
};

/**
 * Documents are joined within a name. If two neighbours have one, or if the order stays that of the files, where the end of
 * one is noticed only in the next, a source is read as a whole.
 */
const areIndependent = (files: readonly SharedFile[], { joinSuccessive, shuffle }: Recipe["corpus"]): boolean =>
  joinSuccessive === 1 || (shuffle && files.every(({ name }, i) => i === 0 || files[i - 1]!.name !== name));

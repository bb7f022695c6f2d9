import type { TextFacts } from "../protocol.ts";
import { readFile, removeFrom, writeFile } from "./stored-file.ts";

interface Text {
  text: string;
  facts: TextFacts;
}

/** The text that was chosen last, until a run holds it: for a page that is loaded again while the text is being prepared. */
export interface KeptText {
  keep(text: Text): Promise<void>;
  /** The text; undefined if there is none that can be read. */
  read(): Promise<Text | undefined>;
  forget(): Promise<void>;
}

const fileName = "text.json";

/** Opens the text in the origin's private file system. */
export const openKeptText = (root: () => Promise<FileSystemDirectoryHandle>): KeptText => ({
  async keep(text) {
    await writeFile(await root(), fileName, [new TextEncoder().encode(JSON.stringify(text))]);
  },
  async read() {
    try {
      const { text, facts } = JSON.parse(new TextDecoder().decode(await readFile(await root(), fileName))) as Text;
      return typeof text === "string" && typeof facts?.characters === "number" ? { text, facts } : undefined;
    } catch {
      return undefined; // there is none, or not all of it
    }
  },
  async forget() {
    await removeFrom(await root(), fileName);
  },
});

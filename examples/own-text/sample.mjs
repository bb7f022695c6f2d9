// Text to begin with, if you have none at hand: two novels as `text/*.txt`. Put your own files there instead.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { novels, novelUrl } from "@cramkit/novels";

await mkdir("text", { recursive: true });
for (const novel of novels.filter(({ title }) => /^(Persuasion|Pride and Prejudice)$/.test(title))) {
  await writeFile(`text/${novel.file}`, await readFile(novelUrl(novel)));
  console.log(`text/${novel.file}: ${novel.title}`);
}

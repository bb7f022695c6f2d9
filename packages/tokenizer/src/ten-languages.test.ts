import { Tokenizer as Peer } from "tokenizers";
import { expect, it } from "vitest";
import { crammingTokenizerOptions, studyAlgorithms, textSettings, trainTokenizer } from "./index.ts";

/** The first article of the Universal Declaration of Human Rights (1948), as the United Nations have it in each language. */
const articles = {
  German:
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen.",
  French:
    "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
  Spanish:
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
  Polish:
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
  Russian:
    "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.",
  Greek:
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.",
  Arabic:
    "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا وعليهم أن يعامل بعضهم بعضًا بروح الإخاء.",
  Hindi:
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
  Japanese:
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
  Chinese: "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
};
const texts = Object.values(articles);

const presets = studyAlgorithms.flatMap((algorithm) =>
  (Object.keys(textSettings) as (keyof typeof textSettings)[]).map((text) => ({ algorithm, text })),
);

it.each(presets)("gives $algorithm, $text, the ids of Hugging Face's tokenizers in ten languages", async (preset) => {
  const options = { ...crammingTokenizerOptions({ ...preset, vocabSize: 800 }), size: "trained" as const };
  const tokenizer = await trainTokenizer(texts, options);
  const peer = Peer.fromString(JSON.stringify(tokenizer));
  for (const [language, text] of Object.entries(articles)) {
    // Also what the tokenizer was not trained on: other case, other spaces, the other text beside it.
    for (const given of [text, text.toUpperCase(), `  ${text.replaceAll(" ", "  ")} ${texts[0]!.slice(0, 40)}😀`]) {
      expect([...tokenizer.encodeIds(given)], language).toEqual((await peer.encode(given)).getIds());
    }
  }
});

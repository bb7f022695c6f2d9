/** A novel of this package. */
export interface Novel {
  /** Name in the folder `books` of the package. */
  readonly file: string;
  readonly title: string;
  /** Of the first edition. */
  readonly year: number;
  readonly bytes: number;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
}

/** Novels of Jane Austen, in the order in which they appeared: UTF-8, paragraphs between empty lines. */
export const novels: readonly Novel[] = [
  {
    file: "sense-and-sensibility.txt",
    title: "Sense and Sensibility",
    year: 1811,
    bytes: 673523,
    sha256: "d8ba5666775da4c3b4080f967dfe21c95ad09be660796b28c6c24bffdf578598",
  },
  {
    file: "pride-and-prejudice.txt",
    title: "Pride and Prejudice",
    year: 1813,
    bytes: 683776,
    sha256: "a248e677fbc0cb2243c239d5eb3814a2bdc20350155489829babe83818c44b65",
  },
  {
    file: "mansfield-park.txt",
    title: "Mansfield Park",
    year: 1814,
    bytes: 881845,
    sha256: "0e40f17b4b2612e5821c90ad8c5692794681c8c97896bcb71ec72489bc0c8610",
  },
  {
    file: "emma.txt",
    title: "Emma",
    year: 1815,
    bytes: 882127,
    sha256: "d561b32b7a1a8684e6b99cdc00fd18cbed08e978fff110204393f3c65588956b",
  },
  {
    file: "persuasion.txt",
    title: "Persuasion",
    year: 1817,
    bytes: 466770,
    sha256: "c34e4231331da15a9506e9c0b85d4d7ab7ea124fa373de92b7c3f5c07c7ae711",
  },
];

/** SHA-256 over the bytes of all novels in their order, in hexadecimal: the name of this text. */
export const novelsDigest = "0312f759bab2976efa76ac04d3b12147622c35d333ac5b041297fc22ff489df7";

/** Where the text of a novel is: a `file:` address in Node, which `fs.readFile` takes as it is. */
export const novelUrl = ({ file }: Pick<Novel, "file">): URL => new URL(`../books/${file}`, import.meta.url);

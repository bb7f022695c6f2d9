import { checkOptions } from "@cramkit/errors";
import {
  type Example,
  type Prediction,
  type PredictOptions,
  predict,
  type TaskKind,
  type TaskModel,
} from "@cramkit/finetune";

/** How predictions are written. */
export type PredictionFormat = "jsonl" | "csv";

export interface PredictionLinesOptions extends PredictOptions {
  readonly format: PredictionFormat;
  /** Told of each, with the tokens that were cut off. @defaultValue says nothing */
  readonly onPrediction?: (cut: number) => void;
}

/** A line of CSV. Cells with a comma, a quote or a line end are quoted. */
const csvLine = (cells: readonly (string | number)[]): string =>
  cells
    .map(String)
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(",");

const short = (value: number): number => Number(value.toPrecision(6));

/** The lines of a file of predictions, in the order of the examples: with a header in CSV. */
export async function* predictionLines(
  model: TaskModel,
  examples: AsyncIterable<Example>,
  given: PredictionLinesOptions,
): AsyncGenerator<string> {
  checkOptions("predictionLines", given, {
    format: true,
    onPrediction: true,
    batchSize: true,
    window: true,
    signal: true,
  });
  const { format, onPrediction = () => {}, ...options } = given;
  const { task } = model;
  const seen: Example[] = [];
  async function* noted(): AsyncGenerator<Example> {
    for await (const example of examples) {
      seen.push(example);
      yield example;
    }
  }
  const names = task.kind === "classes" || task.kind === "labels" ? task.labels : [];
  const column: Record<TaskKind, string> = {
    ...{ classes: "label", labels: "labels", score: "score", tags: "spans" },
    embedding: "vector", // `predict` refuses it
  };
  let hasPair: boolean | undefined;
  for await (const prediction of predict(model, noted(), options)) {
    const { text, pair } = seen.shift()!;
    onPrediction(prediction.cut);
    if (format === "jsonl") {
      yield JSON.stringify({ text, ...(pair !== undefined && { pair }), ...rounded(prediction) });
      continue;
    }
    if (hasPair === undefined) {
      hasPair = pair !== undefined;
      yield csvLine(["text", ...(hasPair ? ["pair"] : []), column[task.kind], ...names.map((name) => `p_${name}`)]);
    }
    const { label, labels, score, spans, probabilities } = rounded(prediction);
    const value = label ?? labels?.join(",") ?? score ?? JSON.stringify(spans);
    yield csvLine([text, ...(hasPair ? [pair ?? ""] : []), value, ...names.map((name) => probabilities![name]!)]);
  }
}

const rounded = ({ cut, probabilities, score, spans, ...rest }: Prediction) => ({
  ...rest,
  ...(score !== undefined && { score: short(score) }),
  ...(spans && { spans: spans.map((span) => ({ ...span, probability: short(span.probability) })) }),
  ...(probabilities && {
    probabilities: Object.fromEntries(Object.entries(probabilities).map(([name, share]) => [name, short(share)])),
  }),
  ...(cut > 0 && { cut }),
});

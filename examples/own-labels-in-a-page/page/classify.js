import { env, pipeline } from "@huggingface/transformers";

// Everything comes from the folder of this page: no other host is asked.
env.allowRemoteModels = false;
env.allowLocalModels = true;
// A path: with a whole address transformers.js does not find the tokenizer.
env.localModelPath = new URL("./", location.href).pathname;
env.backends.onnx.wasm.wasmPaths = new URL("./wasm/", location.href).href;

const [text, status, table] = ["textarea", "[role=status]", "table"].map((name) => document.querySelector(name));
const classify = await pipeline("text-classification", "model", { dtype: "q8" });

const answer = async () => {
  const began = performance.now();
  const scores = await classify(text.value, { top_k: null });
  status.textContent = `${scores[0].label}, after ${Math.round(performance.now() - began)} ms in this page`;
  table.replaceChildren(
    ...scores.map(({ label, score }) => {
      const row = document.createElement("tr");
      const meter = Object.assign(document.createElement("meter"), { value: score, title: label });
      row.append(document.createElement("th"), document.createElement("td"), document.createElement("td"));
      row.children[0].textContent = label;
      row.children[1].append(meter);
      row.children[2].textContent = `${(100 * score).toFixed(1)} %`;
      return row;
    }),
  );
};
text.addEventListener("input", answer);
await answer();

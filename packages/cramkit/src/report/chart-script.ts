/** Runs in the reader's browser: draws the charts of the report with uPlot, in the colours of its theme. */
export const chartScript = `
const runs = JSON.parse(document.getElementById("runs").textContent);
const charts = [
  ["Masked-token loss (nats)", [["loss", ""], ["heldOutLoss", " held out"]]],
  ["Learning rate", [["learningRate", ""]]],
  ["Batch size (examples)", [["batchSize", ""]]],
  ["Tokens per second", [["tokensPerSecond", ""]]],
  ["Gradient norm", [["gradientNorm", ""]]],
];
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const axisSelect = document.getElementById("axis");
const place = document.getElementById("charts");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const tick = (value) => value === 0 ? "0" : Math.abs(value) < 0.01 ? value.toExponential(0) : compact.format(value);

function draw() {
  place.replaceChildren();
  const axis = axisSelect.value;
  const label = axisSelect.selectedOptions[0].text;
  const drawn = [];
  for (const [title, columns] of charts) {
    const tables = [], series = [{ label }];
    runs.forEach((run, index) => {
      for (const [key, suffix] of columns) {
        if (!run[key].some((value) => value !== null)) continue;
        const keep = run[axis].map((x, i) => i).filter((i) => run[axis][i] !== null && (key !== "heldOutLoss" || run[key][i] !== null));
        tables.push([keep.map((i) => run[axis][i]), keep.map((i) => run[key][i])]);
        const color = style("--run-" + (index % 6));
        const held = key === "heldOutLoss";
        series.push({ label: (runs.length > 1 ? run.name : "") + suffix || title, stroke: color, width: held ? 2 : 1.25, dash: held ? [6, 4] : undefined,
          points: { show: held, size: 6, stroke: color }, spanGaps: true, value: (_, v) => v == null ? "" : Number(v.toPrecision(4)) });
      }
    });
    if (tables.length === 0) continue;
    const box = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = title;
    box.append(caption);
    place.append(box);
    drawn.push({ box, series, tables });
  }
  // Only now do the boxes have the width of their column.
  for (const { box, series, tables } of drawn) {
    const shared = { stroke: style("--muted"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line") } };
    new uPlot({
      width: Math.max(280, box.clientWidth - 2), height: 260, series,
      scales: { x: { time: false } },
      axes: [{ ...shared, label, values: (_, ticks) => ticks.map(tick) }, { ...shared, size: 60, values: (_, ticks) => ticks.map(tick) }],
    }, uPlot.join(tables), box);
  }
}
axisSelect.addEventListener("change", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let timer;
addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 150); });
draw();
`;

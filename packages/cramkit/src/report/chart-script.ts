/** Runs in the reader's browser: draws the charts of the report with uPlot, in the colours of its theme, and keeps a live page up to date. */
export const chartScript = `
const readData = (page) => JSON.parse(page.getElementById("data").textContent);
let { charts, runs } = readData(document);
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const place = document.getElementById("charts");
const axisSelect = document.getElementById("axis");
if ([...axisSelect.options].some(({ value }) => value === location.hash.slice(1))) axisSelect.value = location.hash.slice(1);

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const short = (value) => value == null ? "" : value === 0 ? "0"
  : Math.abs(value) < 1e-3 ? Number(value.toPrecision(3)).toExponential()
  : Math.abs(value) < 1 ? String(Number(value.toPrecision(3))) : compact.format(value);
const units = {
  tokens: [[1, "tokens"]],
  minutes: [[1440, "days"], [60, "hours"], [1, "minutes"], [1 / 60, "seconds"]],
  flops: [[1e18, "exaFLOP"], [1e15, "petaFLOP"], [1e12, "teraFLOP"], [1e9, "gigaFLOP"]],
};

/** Means over a window that shrinks towards the ends, so that the line neither lags nor starts late. */
function smooth(values) {
  const at = values.flatMap((value, index) => value === null ? [] : [index]);
  const sums = [0];
  for (const index of at) sums.push(sums.at(-1) + values[index]);
  const out = values.map(() => null);
  const most = Math.ceil(at.length / 50);
  at.forEach((index, i) => {
    const w = Math.min(most, i, at.length - 1 - i);
    out[index] = (sums[i + w + 1] - sums[i - w]) / (2 * w + 1);
  });
  return out;
}

/** What every chart shows against the chosen axis. */
function layOut() {
  const axis = axisSelect.value;
  const last = Math.max(...runs.map((run) => Math.max(0, ...run[axis].filter((x) => x !== null))));
  const [scale, unit] = units[axis].find(([size]) => last >= 2 * size) ?? units[axis].at(-1);
  return charts.flatMap(({ column, title, averaged, measured, wide }) => {
    const tables = [], series = [{ label: unit, value: (_, x) => short(x) }];
    const add = (run, values, options) => {
      const keep = values.flatMap((value, index) => value === null || run[axis][index] === null ? [] : [index]);
      if (keep.length === 0) return;
      tables.push([keep.map((i) => run[axis][i] / scale), keep.map((i) => values[i])]);
      series.push({ spanGaps: true, points: { show: false }, value: (_, y) => short(y), ...options });
    };
    runs.forEach((run, index) => {
      const color = style("--run-" + (index % 6));
      const name = runs.length > 1 ? run.name : "";
      if (run[column] && averaged) add(run, run[column], { stroke: color + "55", width: 1, raw: true });
      if (run[column]) add(run, averaged ? smooth(run[column]) : run[column], { label: name || (measured ? "training" : title), stroke: color, width: 2 });
      const other = runs.length > 1 ? color : style("--run-1");
      if (run[measured]) add(run, run[measured], { label: (name ? name + ", " : "") + "held out", stroke: other, width: 1.5, dash: [6, 4], points: { show: true, size: 6, stroke: other, fill: style("--ground") } });
    });
    return tables.length === 0 ? [] : [{ title, wide, unit, series, data: uPlot.join(tables) }];
  });
}

let plots = [];
function draw() {
  place.replaceChildren();
  const laidOut = layOut();
  const boxes = laidOut.map(({ title, wide }) => {
    const box = document.createElement("figure");
    if (wide) box.className = "wide";
    box.append(Object.assign(document.createElement("figcaption"), { textContent: title }));
    place.append(box);
    return box;
  });
  // Only now do the boxes have the width of their column.
  plots = laidOut.map(({ wide, unit, series, data }, index) => {
    const shared = { stroke: style("--muted"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line"), width: 1 }, values: (_, ticks) => ticks.map(short) };
    const plot = new uPlot({
      width: Math.max(240, boxes[index].clientWidth), height: wide ? 300 : 220, series,
      scales: { x: { time: false } },
      axes: [{ ...shared, label: unit, labelSize: 20, labelFont: "12px system-ui, sans-serif" }, { ...shared, size: 56 }],
      cursor: { sync: { key: "runs" }, points: { size: 6 } },
      // A run's thin line comes and goes with its thick one.
      hooks: { setSeries: [(u, i, { show }) => { if (show !== undefined && u.series[i - 1]?.raw && u.series[i - 1].show !== show) u.setSeries(i - 1, { show }); }] },
    }, data, boxes[index]);
    plot.root.querySelectorAll(".u-series").forEach((row, i) => { row.hidden = Boolean(series[i].raw); });
    return plot;
  });
}

axisSelect.addEventListener("change", () => { history.replaceState(null, "", "#" + axisSelect.value); draw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let timer;
let width = innerWidth;
addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => { if (innerWidth !== width) { width = innerWidth; draw(); } }, 150); });
draw();

/** Takes over what is new on the page without losing the reader's place. */
async function update() {
  const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  const parts = page.querySelectorAll(".live");
  document.querySelectorAll(".live").forEach((part, index) => part.replaceWith(parts[index]));
  ({ charts, runs } = readData(page));
  const laidOut = layOut();
  const isSame = laidOut.length === plots.length && laidOut.every(({ unit, series }, i) => series.length === plots[i].series.length && unit === plots[i].series[0].label);
  if (!isSame) return draw();
  const isZoomed = plots.some(({ data: [x], scales }) => scales.x.min > x[0] || scales.x.max < x.at(-1));
  plots.forEach((plot, i) => plot.setData(laidOut[i].data, !isZoomed));
}
const { seconds } = document.body.dataset;
const state = document.getElementById("state");
if (seconds) setInterval(() => update().then(
  () => { state.textContent = "live, as of " + new Date().toLocaleTimeString(); },
  () => { state.textContent = "cramkit watch has ended; this page stays as it is"; },
), 1000 * seconds);
`;

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LossPoint } from "../../protocol.ts";
import { loss, whole } from "../numbers.ts";
import { ticksOf } from "./scale.ts";

const height = 260;
const margin = { top: 14, right: 14, bottom: 30, left: 40 };

interface LossChartProps {
  training: readonly LossPoint[];
  heldOut: readonly LossPoint[];
  /** Loss of the unigram model, drawn as a line. */
  unigram: number;
}

/** Losses over steps. Drawn at the width that it has, so that its letters keep their size. */
export const LossChart = ({ training, heldOut, unigram }: LossChartProps) => {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(240, Math.floor(entry!.contentRect.width))));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const last = Math.max(1, training.at(-1)?.step ?? 0, heldOut.at(-1)?.step ?? 0);
  const losses = [...training, ...heldOut].map((point) => point.loss);
  const top = Math.max(unigram, ...losses) * 1.03;
  const bottom = Math.max(0, Math.min(unigram, ...losses) * 0.9);
  const x = (step: number) => margin.left + (step / last) * (width - margin.left - margin.right);
  const y = (value: number) => margin.top + ((top - value) / (top - bottom)) * (height - margin.top - margin.bottom);
  const line = (points: readonly LossPoint[]) =>
    points.map((point) => `${x(point.step).toFixed(1)},${y(point.loss).toFixed(1)}`).join(" ");
  const now = heldOut.at(-1);
  const summary = now
    ? `Loss over ${whole(last)} steps. Held-out loss ${loss(now.loss)} nats, unigram model ${loss(unigram)}.`
    : "Loss over steps.";
  return (
    <div class="chart" ref={box}>
      <svg role="img" aria-label={summary} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        {ticksOf(bottom, top, 5).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={margin.left - 8} y={y(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        {ticksOf(0, last, Math.max(2, Math.floor(width / 120))).map((tick) => (
          <text key={tick} class="tick" x={x(tick)} y={height - 8} text-anchor="middle">
            {tick === 0 ? "step 0" : whole(tick)}
          </text>
        ))}
        <line class="unigram" x1={margin.left} x2={width - margin.right} y1={y(unigram)} y2={y(unigram)} />
        <polyline class="training" points={line(training)} />
        <polyline class="held-out" points={line(heldOut)} />
        {now ? <circle class="held-out-now" cx={x(now.step)} cy={y(now.loss)} r={4} /> : null}
      </svg>
      <ul class="key" aria-hidden="true">
        <li class="held-out">held-out</li>
        <li class="training">training</li>
        <li class="unigram">unigram model</li>
      </ul>
    </div>
  );
};

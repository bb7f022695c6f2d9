import { range } from "./range.ts";
import { registers } from "./row-registers.ts";

/*
 * The backward passes of norms, which leave partial sums for the weight and the bias. A row needs few invocations, so several teams of
 * them share a workgroup, each with a row of its own, and their sums leave it as one.
 */

const teamsOf = (n: number): number => Math.max(1, Math.floor(256 / registers(n).size));

/** Invocations of a workgroup. */
export const sizeOfTeams = (n: number): number => teamsOf(n) * registers(n).size;

/** Rows of a workgroup: several workgroups for each processor of a large GPU, and blocks of at least four rows a team. */
export const rowsPerGroup = (rows: number, n: number): number => teamsOf(n) * Math.max(4, Math.ceil(rows / 1024));

/** Declares `T`, and `teamSum(team, lane, value)`, which all teams call together. */
export const teamsWgsl = (n: number): string => {
  const { size, type } = registers(n);
  return `alias T = ${type};
var<workgroup> scratch: array<vec2<f32>, ${sizeOfTeams(n)}>;
${teamsOf(n) > 1 ? `var<workgroup> ofTeams: array<T, ${sizeOfTeams(n)}>;` : ""}
fn teamSum(team: u32, lane: u32, value: vec2<f32>) -> vec2<f32> {
  let at = team * ${size}u + lane;
  scratch[at] = value;
  workgroupBarrier();
  for (var step = ${size / 2}u; step > 0u; step = step / 2u) {
    if (lane < step) { scratch[at] += scratch[at + step]; }
    workgroupBarrier();
  }
  let result = scratch[team * ${size}u];
  workgroupBarrier();
  return result;
}`;
};

/**
 * WGSL of the whole pass. `row` sees `row`, which is below the end also for a team without one, and `inside`: whether it has. The
 * `totals` are then written to `sums` from `at` on, each from its register of `slot`, in the order of the teams.
 */
export const inTeams = (
  n: number,
  {
    before,
    row,
    terms,
  }: {
    before: string;
    row: string;
    /** Names of the registers that hold sums, in the order of a row of `sums`. */
    terms: readonly string[];
  },
): string => {
  const { size, slots, vectors, column, guarded } = registers(n);
  const teams = teamsOf(n);
  const write = (slot: number, term: number, value: string) =>
    guarded(slot, `sums[at + ${term * vectors}u + ${column(slot)}] = ${value};`);
  const shares = range(teams).map((team) => `ofTeams[lane + ${team * size}u]`);
  const together = (slot: number, name: string, term: number) =>
    teams === 1
      ? write(slot, term, `${name}${slot}`)
      : `ofTeams[whole] = ${name}${slot};
workgroupBarrier();
if (team == 0u) { ${write(slot, term, shares.join(" + "))} }
workgroupBarrier();`;
  return `
let whole = lane;
{
let lane = whole % ${size}u;
let team = whole / ${size}u;
${before}
let end = min(uniforms.rows, (group.x + 1u) * uniforms.rowsPerGroup);
for (var start = group.x * uniforms.rowsPerGroup; start < end; start = start + ${teams}u) {
  let inside = start + team < end;
  let row = min(start + team, end - 1u);
  ${row}
}
let at = (uniforms.firstGroup + group.x) * ${terms.length * vectors}u;
${slots.flatMap((slot) => terms.map((name, term) => together(slot, name, term))).join("\n")}
}`;
};

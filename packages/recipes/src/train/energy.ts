import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Joules since the meter was opened, of what the system lets us read; absent if it does not. */
export interface Energy {
  /**
   * All processor packages of the machine, by RAPL, whoever uses them.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly cpuJoules?: number;
  /**
   * The machine's one NVIDIA card: its power draw, summed up.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly gpuJoules?: number;
}

export interface EnergyMeter {
  read(): Energy;
  close(): void;
}

export interface EnergyMeterOptions {
  /**
   * Where Linux shows energy counters.
   *
   * @defaultValue `/sys/class/powercap`
   */
  readonly powercap?: string;
  /**
   * The command that prints `index, watts` every second; null does not ask for any card.
   *
   * @defaultValue `nvidia-smi`
   */
  readonly gpu?: readonly [string, ...string[]] | null;
}

const nvidia = ["nvidia-smi", "--query-gpu=index,power.draw", "--format=csv,noheader,nounits", "-lms", "1000"] as const;

export const openEnergyMeter = ({
  powercap = "/sys/class/powercap",
  gpu = nvidia,
}: EnergyMeterOptions = {}): EnergyMeter => {
  const packages = raplPackages(powercap);
  const card = gpu && openCard(gpu);
  return {
    read() {
      const gpuJoules = card?.joules();
      return {
        ...(packages.length > 0 && { cpuJoules: packages.reduce((sum, { joules }) => sum + joules(), 0) }),
        ...(gpuJoules !== undefined && { gpuJoules }),
      };
    },
    close: () => card?.close(),
  };
};

/** The counters of whole packages: `intel-rapl:0`, not their parts `intel-rapl:0:1`. Mostly root alone may read them. */
const raplPackages = (folder: string): { joules(): number }[] => {
  try {
    return readdirSync(folder)
      .filter((name) => /^intel-rapl:\d+$/.test(name))
      .map((name) => {
        const counter = (file: string) => Number(readFileSync(join(folder, name, file), "utf8"));
        const range = counter("max_energy_range_uj");
        let [last, total] = [counter("energy_uj"), 0];
        return {
          joules() {
            const now = counter("energy_uj");
            total += now >= last ? now - last : now + range - last; // it starts again at its range
            last = now;
            return total / 1e6;
          },
        };
      });
  } catch {
    return [];
  }
};

/** Sums up watts over time. Of several cards nobody says which one computes: they are left out. */
const openCard = ([command, ...args]: readonly [string, ...string[]]) => {
  let joules: number | undefined;
  let isSeveral = false;
  let last: { at: number; watts: number } | undefined;
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {}); // no such command: no energy
  child.unref();
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [index, watts] = line.split(",").map(Number);
      if (index !== 0) isSeveral = true;
      if (index !== 0 || !Number.isFinite(watts)) continue;
      const at = performance.now();
      if (last) joules = (joules ?? 0) + (last.watts * (at - last.at)) / 1000;
      last = { at, watts: watts! };
    }
  });
  (child.stdout as { unref?(): void } | null)?.unref?.();
  return { joules: () => (isSeveral ? undefined : joules), close: () => child.kill() };
};

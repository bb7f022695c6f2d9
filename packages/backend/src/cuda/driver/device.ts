import { fault } from "@cramkit/errors";
import { type Driver, loadDriver, succeed, written } from "./driver.ts";

/** The attributes that are asked for, by the numbers of `cuda.h`. */
const attributes = { multiprocessors: 16, major: 75, minor: 76, sharedBytes: 97 } as const;

/** What is known of a card. */
export interface CardReport {
  /** Its number among the cards that the driver shows (CUDA_VISIBLE_DEVICES hides others). */
  index: number;
  name: string;
  /** Compute capability times ten: 75, 80, 90. */
  capability: number;
  multiprocessors: number;
  memoryBytes: number;
  /** Shared memory that a block may have. */
  sharedBytes: number;
}

/** The oldest driver whose compiler takes PTX 7.0. */
const oldestDriver = 11_000;
const oldestCapability = 75;

/** A driver that is started, and what it has. */
export interface StartedDriver {
  driver: Driver;
  /** The newest CUDA that the driver knows: 12080 for 12.8. */
  version: number;
  cards: CardReport[];
}

export const versionText = (version: number): string => `${Math.floor(version / 1000)}.${(version % 1000) / 10}`;

/** Starts the driver and looks at its cards; throws one fault if there is none that could be used. */
export const startDriver = (library?: string): StartedDriver => {
  const driver = loadDriver(library);
  succeed(driver, driver.calls.cuInit(0), "cuInit", "starting the driver");
  const number = (call: "cuDriverGetVersion" | "cuDeviceGetCount") =>
    Number(written(driver, call, "asking the driver"));
  const version = number("cuDriverGetVersion");
  if (version < oldestDriver)
    throw fault({
      code: "unsupported",
      place: "cuda",
      problem: `expected a driver for CUDA ${versionText(oldestDriver)} or newer, got one for ${versionText(version)}`,
      remedy: "update NVIDIA's driver (450 or newer), or use the webgpu or cpu backend",
    });
  const cards = Array.from({ length: number("cuDeviceGetCount") }, (_, index) => cardOf(driver, index));
  if (cards.length === 0)
    throw fault({
      code: "not-found",
      place: "cuda",
      problem: "expected an NVIDIA card, got a driver that shows none",
      remedy: "unset CUDA_VISIBLE_DEVICES if it is set, or use the webgpu or cpu backend",
    });
  return { driver, version, cards };
};

/** The card to compute on: the one of that number, or the first that is new enough. */
export const chooseCard = (cards: readonly CardReport[], index?: number): CardReport => {
  const named = index === undefined ? undefined : cards[index];
  if (index !== undefined && !named)
    throw fault({
      code: "invalid-argument",
      place: "cuda",
      problem: `expected card to be below ${cards.length}, got ${index}`,
      remedy: `available: ${cards.map((card) => `${card.index} (${card.name})`).join(", ")}`,
      type: RangeError,
    });
  const card = named ?? cards.find(({ capability }) => capability >= oldestCapability) ?? cards[0]!;
  if (card.capability < oldestCapability)
    throw fault({
      code: "unsupported",
      place: "cuda",
      problem: `expected a card of compute capability 7.5 (Turing) or newer, got ${card.name} of ${(card.capability / 10).toFixed(1)}`,
      remedy: "use the webgpu or cpu backend",
    });
  return card;
};

const cardOf = (driver: Driver, index: number): CardReport => {
  const doing = `asking card ${index}`;
  const device = Number(written(driver, "cuDeviceGet", doing, index)) | 0;
  const attribute = (number: number) => Number(written(driver, "cuDeviceGetAttribute", doing, number, device)) | 0;
  const name = new Uint8Array(256);
  succeed(driver, driver.calls.cuDeviceGetName(name, name.length, device), "cuDeviceGetName", doing);
  return {
    index,
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    capability: attribute(attributes.major) * 10 + attribute(attributes.minor),
    multiprocessors: attribute(attributes.multiprocessors),
    memoryBytes: Number(written(driver, "cuDeviceTotalMem_v2", doing, device)),
    sharedBytes: attribute(attributes.sharedBytes),
  };
};

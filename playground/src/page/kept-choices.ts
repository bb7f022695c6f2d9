import { sizeNames } from "../protocol.ts";
import type { Choices } from "./state.ts";

const key = "choices";

/** The choices of an earlier visit that are still valid; none in a browser without storage. */
export const keptChoices = (storage: () => Pick<Storage, "getItem">): Choices => {
  try {
    const kept: Record<string, unknown> = JSON.parse(storage().getItem(key) ?? "{}");
    const { size, minutes, device } = kept as Choices;
    return {
      ...(sizeNames.includes(size!) && { size }),
      ...(typeof minutes === "number" && minutes >= 0.1 && minutes <= 600 && { minutes }),
      ...((device === "cpu" || device === "webgpu") && { device }),
    };
  } catch {
    return {}; // no storage, or what is no JSON
  }
};

/** Keeps the choices for the next visit. The page goes on without them if the browser refuses. */
export const keepChoices = (storage: () => Pick<Storage, "setItem">, choices: Choices): void => {
  try {
    storage().setItem(key, JSON.stringify(choices));
  } catch {
    // A private window, or a full storage.
  }
};

import { isNativeFault, startNative } from "@cramkit/native";
import { noAdapter } from "./no-adapter.ts";

/**
 * Under Linux Dawn computes through Vulkan alone, and writes a warning of its own to standard error if its loader is not
 * there. So that is looked at before Dawn is asked. Without a way to look, Dawn is asked all the same.
 *
 * @throws a fault `unsupported`, as for any machine without an adapter
 */
export const requireVulkan = (): void => {
  if (globalThis.process?.platform !== "linux") return;
  try {
    startNative().open("libvulkan.so.1");
  } catch (error) {
    if (isNativeFault(error) && error.details.reason === "no-library") throw noAdapter("dawn");
  }
};

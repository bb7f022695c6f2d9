import { fault } from "@cramkit/errors";

/** The fault of a machine without a WebGPU adapter. */
export const noAdapter = (host: "browser" | "dawn") =>
  fault({
    code: "unsupported",
    place: "startWebgpu",
    problem: "expected a WebGPU adapter, got none",
    remedy:
      host === "browser"
        ? "look at chrome://gpu for the reason, or use the cpu backend"
        : "install a Vulkan 1.3 driver and loader (Debian: libvulkan1 and mesa-vulkan-drivers, or NVIDIA's driver with its " +
          "ICD file, and libegl1), see that `vulkaninfo` lists the card, or use the cpu backend",
  });

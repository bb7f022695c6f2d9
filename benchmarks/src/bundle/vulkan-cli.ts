import { printVulkanEnvironment } from "./vulkan.ts";

printVulkanEnvironment(process.argv[2] ?? ".");

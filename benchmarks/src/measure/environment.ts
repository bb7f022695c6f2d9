import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { problemOf } from "@cramkit/errors";

const outputOf = (command: string, ...args: string[]): string => {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 }).trim();
  } catch (error) {
    return `failed: ${problemOf(error)}`;
  }
};

const namesIn = (folder: string, pattern: RegExp): string[] => {
  try {
    return readdirSync(folder).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
};

/** Folders in which the Vulkan loader looks for drivers. */
export const driverFolders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** What a GPU needs around it, as found: to be read if no adapter starts, and to know a result's drivers. */
export const environment = (): Record<string, string> => {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const libraries = outputOf("/sbin/ldconfig", "-p").split("\n");
  const card = "name,driver_version,memory.total,pcie.link.gen.current,power.limit,clocks.max.sm,clocks.max.memory";
  return {
    glibc: header.glibcVersionRuntime ?? "none",
    "nvidia-smi": outputOf("nvidia-smi", `--query-gpu=${card}`, "--format=csv,noheader"),
    devices: namesIn("/dev", /^(nvidia|dri)/).join(" "),
    drivers: driverFolders.flatMap((folder) => namesIn(folder, /\.json$/).map((name) => `${folder}/${name}`)).join(" "),
    libraries: libraries
      .flatMap(
        (line) =>
          /^\s*(lib(vulkan|GLX_nvidia|EGL|EGL_nvidia|GLdispatch|nvidia-\w+|X11|Xext)\.so\.\S*)/.exec(line)?.[1] ?? [],
      )
      .join(" "),
    variables: Object.entries(process.env)
      .filter(([name]) => /^(VK_|NVIDIA_DRIVER_CAPABILITIES|CRAMKIT_GPU)/.test(name))
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  };
};

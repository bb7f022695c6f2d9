import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driverFolders } from "../measure/environment.ts";

export interface Found {
  /** Whether a shared library can be loaded, with all that it needs. */
  canLoad(name: string): boolean;
  /** Driver descriptions on the host: names of files. */
  drivers: readonly string[];
  variables: Readonly<Record<string, string | undefined>>;
  /** Shared libraries that the bundle brings. */
  bundled?: { folder: string; libraries: readonly string[] };
}

export interface VulkanEnvironment {
  /** To be set before the program starts. */
  variables: Record<string, string>;
  /** A description of NVIDIA's driver to be written, if the host has the library but nothing that names it. */
  driver?: { library: string };
  /** What is missing, for people. */
  missing: string[];
}

/** NVIDIA's driver by its library for X, which wants libX11, or by the one for EGL, which a container without a screen has. */
const nvidiaLibraries = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"];

/** What a host has of Vulkan and what the bundle adds: libraries if there are none, and a description of NVIDIA's driver. */
export const vulkanEnvironment = ({ canLoad, drivers, variables, bundled }: Found): VulkanEnvironment => {
  const found: VulkanEnvironment = { variables: {}, missing: [] };
  const { folder = "", libraries = [] } = bundled ?? {};
  if (libraries.some((name) => !canLoad(name)))
    found.variables.LD_LIBRARY_PATH = [folder, variables.LD_LIBRARY_PATH].filter(Boolean).join(":");
  const lacks = (name: string) => !canLoad(name) && !libraries.includes(name);
  const remedy = (name: string) => `install ${name}, or make the bundle with --with-library`;
  if (lacks("libvulkan.so.1")) found.missing.push(`no Vulkan loader (libvulkan.so.1): ${remedy("libvulkan1")}`);
  const library = nvidiaLibraries.find(canLoad);
  if (library && lacks("libEGL.so.1"))
    found.missing.push(`no libEGL.so.1, without which NVIDIA's Vulkan driver finds no card: ${remedy("libegl1")}`);
  if (variables.VK_DRIVER_FILES || variables.VK_ICD_FILENAMES || drivers.some((name) => /nvidia/i.test(name)))
    return found;
  if (library) found.driver = { library };
  else if (drivers.length === 0)
    found.missing.push(
      `no Vulkan driver: none of ${driverFolders.join(", ")} names one, and neither of ${nvidiaLibraries.join(" and ")} loads; ` +
        "a container needs NVIDIA_DRIVER_CAPABILITIES=all (or graphics)",
    );
  return found;
};

/** Node says of every shared library that it is none of its addons, but only once the library is loaded. */
const canLoad = (name: string): boolean => {
  try {
    process.dlopen({ exports: {} }, name);
    return true;
  } catch (error) {
    return /self-register/.test((error as Error).message);
  }
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Prints what the launcher of the bundle in `folder` is to set, as lines of a shell. */
export const printVulkanEnvironment = (folder: string): void => {
  const lib = join(folder, "lib");
  const { variables, driver, missing } = vulkanEnvironment({
    canLoad,
    drivers: driverFolders.flatMap((each) => (existsSync(each) ? readdirSync(each) : [])),
    variables: process.env,
    ...(existsSync(lib) && { bundled: { folder: lib, libraries: readdirSync(lib) } }),
  });
  if (driver) {
    const file = join(mkdtempSync(join(tmpdir(), "cramkit-vulkan-")), "nvidia_icd.json");
    const description = { file_format_version: "1.0.0", ICD: { library_path: driver.library, api_version: "1.3.0" } };
    writeFileSync(file, `${JSON.stringify(description)}\n`);
    // The second name is that of loaders before 1.3.207.
    Object.assign(variables, { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file });
  }
  for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${quoted(value)}`);
  for (const line of missing) console.error(`bench: ${line}`);
};

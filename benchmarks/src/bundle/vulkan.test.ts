import { expect, it } from "vitest";
import { vulkanEnvironment } from "./vulkan.ts";

const bundled = { folder: "/bundle/lib", libraries: ["libvulkan.so.1", "libEGL.so.1"] };
const host = { drivers: ["nvidia_icd.json"], variables: {}, canLoad: () => true };
const only =
  (...libraries: string[]) =>
  (name: string) =>
    libraries.includes(name);

it("leaves a host that has everything alone", () => {
  expect(vulkanEnvironment({ ...host, bundled })).toEqual({ variables: {}, missing: [] });
});

it("brings libraries if there are none, before what the host adds", () => {
  const bare = {
    ...host,
    canLoad: only("libGLX_nvidia.so.0"),
    variables: { LD_LIBRARY_PATH: "/usr/local/cuda/lib64" },
  };
  expect(vulkanEnvironment({ ...bare, bundled }).variables).toEqual({
    LD_LIBRARY_PATH: "/bundle/lib:/usr/local/cuda/lib64",
  });
  expect(vulkanEnvironment({ ...bare, bundled }).missing).toEqual([]);
  expect(vulkanEnvironment(bare).missing).toEqual([
    expect.stringMatching(/libvulkan1, or .* --with-library/),
    expect.stringMatching(/libegl1, or .* --with-library/),
  ]);
});

it("names NVIDIA's driver where nothing does, by the library that loads", () => {
  const unnamed = { ...host, drivers: ["lvp_icd.json"] };
  expect(vulkanEnvironment(unnamed).driver).toEqual({ library: "libGLX_nvidia.so.0" });
  const headless = { ...unnamed, canLoad: only("libvulkan.so.1", "libEGL_nvidia.so.0") };
  expect(vulkanEnvironment(headless).driver).toEqual({ library: "libEGL_nvidia.so.0" });
});

it("keeps to drivers that the caller chose, and says where there is none", () => {
  const chosen = { ...host, drivers: [], variables: { VK_ICD_FILENAMES: "/my.json" } };
  expect(vulkanEnvironment(chosen)).toEqual({ variables: {}, missing: [] });
  const { driver, missing } = vulkanEnvironment({ ...host, drivers: [], canLoad: only("libvulkan.so.1") });
  expect(driver).toBeUndefined();
  expect(missing).toEqual([expect.stringContaining("NVIDIA_DRIVER_CAPABILITIES")]);
});

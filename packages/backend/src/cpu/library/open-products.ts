import { startNative } from "@cramkit/native";
import { flavourNamed } from "./flavours.ts";
import type { LibraryAddress, Products } from "./product.ts";

/** Opens, on a worker, the library that the main thread has found, over the memory that they share. */
export const openProducts = (address: LibraryAddress, memory: WebAssembly.Memory): Products => {
  const { interface: wanted, koffiPath, path, flavour: name } = address;
  const native = startNative({ interface: wanted, koffiPath });
  const flavour = flavourNamed(name);
  const library = native.open(path);
  flavour.useOneThread(library);
  return flavour.products(library, Number(native.addressOf(new Uint8Array(memory.buffer))));
};

import { type Native, type NativeLibrary, startNative } from "@cramkit/native";
import { type Flavour, flavourNamed } from "./flavours.ts";
import { heldSignals } from "./held-signals.ts";
import type { LibraryAddress, Products } from "./product.ts";

/** The products of a library over one memory, each on the thread that calls it. */
export const productsOf = (
  native: Native,
  flavour: Flavour,
  library: NativeLibrary,
  memory: WebAssembly.Memory,
): Products => {
  flavour.useOneThread(library);
  const products = flavour.products(library, Number(native.addressOf(new Uint8Array(memory.buffer))));
  return flavour.movesStackPointer ? { ...products, signals: heldSignals(native) } : products;
};

/** Opens, on a worker, the library that the main thread has found, over the memory that they share. */
export const openProducts = (address: LibraryAddress, memory: WebAssembly.Memory): Products => {
  const { interface: wanted, koffiPath, path, flavour: name } = address;
  const native = startNative({ interface: wanted, koffiPath });
  const products = productsOf(native, flavourNamed(name), native.open(path), memory);
  products.signals?.hold(); // for good: a worker does nothing but compute
  return products;
};

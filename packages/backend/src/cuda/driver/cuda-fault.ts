import { type Fault, type FaultCode, fault } from "@cramkit/errors";

interface CudaError {
  /** The driver's number. */
  code: number;
  name: string;
  text: string;
  call: string;
  /** What was to be done. */
  doing: string;
}

interface Meaning {
  code: FaultCode;
  says: string;
  remedy: string;
}

const smaller = "use a smaller batch or sequence length";
const otherBackend = "or use the webgpu or cpu backend";
const updateDriver = `update NVIDIA's driver (450 or newer), ${otherBackend}`;
const restarted = "restart the machine, or load the driver's module again: its parts are of two versions";
const lost = (says: string): Meaning => ({
  code: "device-lost",
  says,
  remedy: "resume from the last checkpoint, and report it: `check: true` among the cuda options names the kernel",
});

/** Errors that people can do something about, by the numbers of `cuda.h`. */
const meanings: Readonly<Record<number, Meaning>> = {
  2: { code: "out-of-memory", says: "out of device memory", remedy: smaller },
  34: {
    code: "unsupported",
    says: "the library is a stub for linking, no driver",
    remedy: "install the driver itself",
  },
  46: {
    code: "refused",
    says: "another process has the card for itself",
    remedy: `wait for it to end, ${otherBackend}`,
  },
  100: { code: "not-found", says: "no NVIDIA card", remedy: "use the webgpu or cpu backend" },
  101: { code: "not-found", says: "no such card", remedy: "choose one that `cramkit doctor` names" },
  209: { code: "unsupported", says: "the kernels are for other cards", remedy: updateDriver },
  218: { code: "unsupported", says: "the driver does not compile the kernels", remedy: updateDriver },
  222: { code: "unsupported", says: "the driver is too old for the kernels", remedy: updateDriver },
  700: lost("a kernel used memory that is not its own"),
  702: {
    code: "device-lost",
    says: "a kernel ran past the driver's time limit",
    remedy: "resume from the last checkpoint with a smaller batch, or use a card without a display",
  },
  714: lost("the card failed"),
  715: lost("a kernel had an instruction that the card lacks"),
  716: lost("a kernel used a misaligned address"),
  717: lost("a kernel used an address of another kind of memory"),
  718: lost("a kernel jumped to nowhere"),
  719: lost("a kernel failed"),
  802: { code: "unsupported", says: "the card is not ready yet", remedy: "start its fabric manager, or wait" },
  803: { code: "unsupported", says: "the driver's library and its module differ", remedy: restarted },
  804: { code: "unsupported", says: "the driver's library is newer than its module allows", remedy: restarted },
};

/** An error of the driver as a fault. The driver has numbers: this is the border where they become a code. */
export const cudaFault = ({ code, name, text, call, doing }: CudaError): Fault => {
  const { says, ...meaning } = meanings[code] ?? { code: "unsupported" as const, says: "the driver refused" };
  const said = [name, text].filter(Boolean).join(": ");
  return fault({ ...meaning, place: "cuda", problem: `${doing}: ${says} (${call}: ${said})`, details: { cuda: code } });
};

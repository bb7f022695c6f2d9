import { toFault } from "@cramkit/errors";

/** Gives an error of the file system the place that the user knows: the file asked for, not its temporary name. */
export const explained = async <T>(place: string, action: Promise<T>): Promise<T> => {
  try {
    return await action;
  } catch (error) {
    throw toFault(error, { place });
  }
};

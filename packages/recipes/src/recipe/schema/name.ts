import { z } from "zod";

/** The name of a recipe or of a sweep. It is that of a folder, and of files that are a little longer, on every platform. */
export const name = () =>
  z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/, "expected at most 100 small letters, digits, dots and dashes");

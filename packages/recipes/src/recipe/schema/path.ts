import { z } from "zod";

/** A path of this machine. A null character is in none, and Node's error about it names no setting. */
export const path = () => z.string().regex(/^[^\0]+$/, "expected a path");

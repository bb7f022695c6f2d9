import { fault } from "@cramkit/errors";
import picomatch from "picomatch";
import { formatOf } from "../sources/format.ts";

export interface HubUri {
  /** `owner/name`. */
  name: string;
  revision: string;
  /** The folder to list, empty for the root. */
  folder: string;
  /** Which of the listed paths are meant. */
  matches: (path: string) => boolean;
}

/**
 * Parses `hf://datasets/OWNER/NAME[@REVISION][/PATH]`, where PATH is a file, a folder or a pattern. Slashes in the
 * revision are written `%2F` (`@refs%2Fconvert%2Fparquet`).
 */
export const parseHubUri = (uri: string): HubUri => {
  const [, owner, name, revision = "main", path = ""] =
    /^hf:\/\/datasets\/([\w.-]+)\/([\w.-]+)(?:@([^/]+))?(?:\/(.*))?$/.exec(uri) ?? [];
  if (owner === undefined || name === undefined) {
    throw fault({
      code: "invalid-argument",
      place: "parseHubUri",
      problem: `expected hf://datasets/OWNER/NAME[@REVISION][/PATH], got ${uri}`,
      type: RangeError,
    });
  }
  const pattern = path.replace(/\/+$/, "");
  const segments = pattern.split("/").filter((segment) => segment !== "");
  const firstGlob = segments.findIndex((segment) => picomatch.scan(segment).isGlob);
  const isFile = firstGlob < 0 && formatOf(pattern) !== undefined;
  const folder = segments.slice(0, firstGlob >= 0 ? firstGlob : isFile ? -1 : undefined).join("/");
  const glob = firstGlob >= 0 ? picomatch(pattern, { dot: true }) : undefined;
  return {
    name: `${owner}/${name}`,
    revision: decodeURIComponent(revision),
    folder,
    matches: (listed) => (glob ? glob(listed) : !isFile || listed === pattern),
  };
};

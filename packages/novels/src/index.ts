export { type Novel, novels, novelsDigest, novelUrl } from "./novels.ts";

export { createFetch, type FetchOptions } from "./create-fetch.ts";
export { maySeeToken, type Token } from "./token.ts";

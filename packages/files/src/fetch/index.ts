export { createFetch, type FetchOptions, type Wait } from "./create-fetch.ts";
export { maySeeToken, type Token } from "./token.ts";
export { type Brought, createPatience, type Patience, wait } from "./waiting.ts";

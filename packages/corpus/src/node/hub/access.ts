import { codeOf, explain, fault, isFault, problemOf, toFault } from "@cramkit/errors";
import { createFetch, type Token, type Wait } from "@cramkit/files/fetch";

export interface HubAccess {
  /**
   * Access token of an account that may read the dataset (`hf_...`), for `hubUrl`.
   *
   * @defaultValue `HF_TOKEN` of the environment, which only the hub itself and `HF_ENDPOINT` get to see
   */
  accessToken?: string;
  /**
   * Address of the hub.
   *
   * @defaultValue `HF_ENDPOINT` of the environment, or `https://huggingface.co`
   */
  hubUrl?: string;
  /**
   * What requests are made with.
   *
   * @defaultValue `globalThis.fetch`
   */
  fetch?: typeof fetch;
  /**
   * Times that an interrupted download is continued, or a request that failed or came too soon is made again.
   *
   * @defaultValue `5`
   */
  retries?: number;
  /** Ends requests and waits with its reason. @defaultValue none */
  signal?: AbortSignal | undefined;
  /** Told before a server is asked again. @defaultValue nobody is told */
  onWait?: ((wait: Wait) => void) | undefined;
}

const publicHub = "https://huggingface.co";

/** A page of a listing names a thousand files. */
const largestPage = 64_000_000;
/** Pages of one listing; a server that has more of them has no end. */
const mostPages = 10_000;

/** The hub to ask, and how. The client does not get the token: it would send it wherever a server points. */
export interface Hub {
  hubUrl: string;
  fetch: typeof globalThis.fetch;
  retries: number;
  signal: AbortSignal | undefined;
  onWait: (wait: Wait) => void;
}

export const openHub = (
  { accessToken, hubUrl, fetch, retries = 5, signal, onWait = () => {} }: HubAccess,
  environment = process.env,
): Hub => {
  const endpoint = environment.HF_ENDPOINT || undefined;
  const url = webAddress(hubUrl ?? endpoint ?? publicHub, hubUrl === undefined ? "HF_ENDPOINT" : "hubUrl");
  const ofEnvironment = environment.HF_TOKEN?.trim() || undefined;
  const token: Token | undefined =
    accessToken !== undefined
      ? { value: accessToken, urls: [url] }
      : ofEnvironment !== undefined
        ? { value: ofEnvironment, urls: [publicHub, ...(endpoint ? [webAddress(endpoint, "HF_ENDPOINT")] : [])] }
        : undefined;
  const waiting = createFetch({
    accessToken: token,
    fetch,
    retries,
    signal,
    onWait,
    maxBytes: ({ pathname }) => (pathname.includes("/api/") ? largestPage : Number.POSITIVE_INFINITY),
  });
  return { hubUrl: url, retries, signal, onWait, fetch: waiting };
};

/** The same `fetch` for one listing, which ends. */
export const endingFetch = (fetch: typeof globalThis.fetch, where: string): typeof globalThis.fetch => {
  let pages = 0;
  return (input, init) => {
    if (++pages <= mostPages) return fetch(input, init);
    throw fault({
      code: "too-large",
      place: where,
      problem: `expected a listing of at most ${mostPages} pages, got more`,
      remedy: "name a folder or a file of the dataset",
    });
  };
};

const webAddress = (text: string, place: string): string => {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw fault({
    code: "invalid-input",
    place,
    problem: `expected a web address, got ${JSON.stringify(text)}`,
    remedy: `write it as ${publicHub}`,
  });
};

/** Adds to a refusal of the hub what can be done about it. */
export const explained = async <T>(
  where: string,
  { signal }: Pick<Hub, "signal">,
  attempt: () => Promise<T>,
): Promise<T> => {
  try {
    return await attempt();
  } catch (cause) {
    signal?.throwIfAborted();
    const place = "hubDocuments";
    const status = statusOf(cause);
    if (status === 401 || status === 403)
      throw fault({
        code: "refused",
        place,
        problem: `no access to ${where} (${status})`,
        remedy:
          "pass the token of an account that has it, accept the terms on its page if there are any, and check the name: " +
          "the hub says the same of what does not exist. A token is only sent to the hub that it is for, and not over plain http",
        cause,
      });
    if (status === 404)
      throw fault({
        code: "not-found",
        place,
        problem: `${where} does not exist (404)`,
        remedy: "check its name",
        type: RangeError,
        cause,
      });
    const code = codeOf(cause) ?? "network";
    // No status, and no fault: the client, or we, could not make sense of what came.
    if (!isFault(cause) && codeOf(cause) === undefined && status === undefined)
      throw fault({
        code,
        place,
        problem: `cannot read ${where}: the answer is not that of a hub (${problemOf(cause)})`,
        remedy: "check the address of the hub",
        cause,
      });
    if (code !== "network" && code !== "too-large") throw toFault(cause);
    const remedy = code === "network" ? "run again to continue" : "check the address of the hub";
    const { place: inner, problem } = explain(cause);
    const why = inner === where ? problem : problemOf(cause);
    throw fault({ code, place, problem: `cannot read ${where}: ${why}`, remedy, cause });
  }
};

const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number } | undefined)?.statusCode;

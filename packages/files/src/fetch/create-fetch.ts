import { checkOptions, explain, fault, hasCode } from "@cramkit/errors";
import { limitedBody, networkFault, silent, tooLarge } from "./limited-body.ts";
import { bearer, maySeeToken, type Token } from "./token.ts";
import { createPatience, defaultSilenceMs, isPassing, wait } from "./waiting.ts";

/** Why a server is asked again, and in how many milliseconds. */
export interface Wait {
  readonly url: string;
  readonly ms: number;
  readonly reason: string;
}

export interface FetchOptions {
  /** Sent as a bearer token to the origins that it is for, and to no other: neither after a redirect nor to a `Link`. @defaultValue none */
  readonly accessToken?: Token;
  /**
   * Times that a request is repeated when the connection fails, or the server is busy or out of order.
   *
   * @defaultValue `5`
   */
  readonly retries?: number;
  /**
   * Largest body in bytes after decompression, for all addresses or by address.
   *
   * @defaultValue `Infinity`
   */
  readonly maxBytes?: number | ((url: URL) => number);
  /**
   * Milliseconds after which a server that sends nothing, or less than 1 kB, has failed. Once it has failed twice as long,
   * it is given up whatever `retries` says.
   *
   * @defaultValue `30_000`
   */
  readonly silenceMs?: number;
  /** Ends requests and waits. @defaultValue none */
  readonly signal?: AbortSignal;
  /** Told before each wait. @defaultValue nobody is told */
  readonly onWait?: (wait: Wait) => void;
  /**
   * What requests are made with.
   *
   * @defaultValue `globalThis.fetch`
   */
  readonly fetch?: typeof globalThis.fetch;
}

const mostRedirects = 10;

/**
 * A `fetch` for servers that are busy, slow, broken or hostile. Follows redirects itself, which needs Node: browsers do not
 * show where they lead. Takes an address and an `init` whose body, if any, is a string.
 *
 * A response of the server is returned, whatever its status is. Throws a fault with the code `network` when no response
 * comes, `too-large` beyond `maxBytes`, `refused` for redirects to something else than the web; its body fails likewise.
 */
export const createFetch = (options: FetchOptions = {}): typeof globalThis.fetch => {
  checkOptions("createFetch", options, {
    accessToken: true,
    retries: true,
    maxBytes: true,
    silenceMs: true,
    signal: true,
    onWait: true,
    fetch: true,
  });
  const { retries = 5, silenceMs, onWait = () => {} } = options;
  return async (input, init = {}) => {
    const signal = anyOf(options.signal, init.signal);
    const url = String(input instanceof Request ? input.url : input);
    const patience = createPatience(retries, silenceMs);
    for (;;) {
      const from = performance.now();
      let response: Response | undefined;
      let failure: unknown;
      try {
        response = await follow(url, { ...init, signal }, options);
      } catch (error) {
        signal?.throwIfAborted();
        if (!hasCode(error, "network")) throw error;
        failure = error;
      }
      if (response && !isPassing(response.status)) return response;
      const ms = patience(performance.now() - from, { headers: response?.headers });
      if (ms === undefined) {
        if (response) return response;
        throw failure;
      }
      await response?.body?.cancel();
      onWait({ url, ms, reason: response ? `status ${response.status}` : explain(failure).problem });
      await wait(ms, signal);
    }
  };
};

/** One request with all its redirects. */
const follow = async (first: string, init: RequestInit, options: FetchOptions): Promise<Response> => {
  let url = first;
  let { method = "GET", body } = init;
  for (let redirects = 0; ; redirects++) {
    const response = await request(url, first, { ...init, method, body }, options);
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get("location") : null;
    if (location === null || init.redirect === "manual") return limited(response, url, redirects > 0, options);
    await response.body?.cancel();
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (redirects === mostRedirects || !next || !/^https?:$/.test(next.protocol) || init.redirect === "error")
      throw fault({
        code: "refused",
        place: first,
        problem: `expected at most ${mostRedirects} redirects to web addresses, got one to ${JSON.stringify(location)}`,
        remedy: "check the address",
      });
    url = next.href;
    if (response.status <= 303 && method !== "HEAD") {
      method = "GET";
      body = undefined;
    }
  }
};

/** One request, without redirects, until its headers are there. */
const request = async (url: string, first: string, init: RequestInit, options: FetchOptions): Promise<Response> => {
  const { accessToken: token, silenceMs = defaultSilenceMs, fetch = globalThis.fetch } = options;
  const headers = new Headers(init.headers);
  if (token && maySeeToken(url, token.urls)) headers.set("authorization", bearer(token));
  // Another header of the caller's goes to the address that it was given for; the token itself nowhere else.
  else if (holds(headers, token) || !maySeeToken(url, [first])) headers.delete("authorization");
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(silent(url, silenceMs)), silenceMs);
  try {
    const signal = anyOf(silence.signal, init.signal);
    return await fetch(url, { ...init, headers, redirect: "manual", signal });
  } catch (error) {
    throw networkFault(url, error);
  } finally {
    clearTimeout(timer);
  }
};

const holds = (headers: Headers, token: Token | undefined): boolean =>
  token !== undefined && (headers.get("authorization") ?? "").includes(token.value);

/** The same response with its body's limits, and the address that it came from in the end. */
const limited = async (
  response: Response,
  url: string,
  redirected: boolean,
  { maxBytes = Number.POSITIVE_INFINITY, silenceMs = defaultSilenceMs }: FetchOptions,
): Promise<Response> => {
  const most = typeof maxBytes === "number" ? maxBytes : maxBytes(new URL(url));
  if (response.body && Number(response.headers.get("content-length") ?? 0) > most) {
    await response.body.cancel();
    throw tooLarge(url, most);
  }
  const { status, statusText, headers } = response;
  const body = response.body && limitedBody(response.body, { url, maxBytes: most, silenceMs });
  const copy = new Response(body, { status, statusText, headers });
  return Object.defineProperties(copy, { url: { value: url }, redirected: { value: redirected } });
};

const anyOf = (...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal | undefined => {
  const present = signals.filter((signal) => signal !== null && signal !== undefined);
  return present.length > 1 ? AbortSignal.any(present) : present[0];
};

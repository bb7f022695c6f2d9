/** A server that sends nothing for so long is silent. */
export const defaultSilenceMs = 30_000;

/** A server that sends less than this in its time of silence, a byte now and then, has fallen silent too. */
export const leastBytes = 1024;

/** Servers count requests in windows of minutes; what asks for more than this is not worth waiting for. */
const longestWaitMs = 600_000;

/**
 * How long a server that has enough requests, or is out of order, wants to be left alone: by `Retry-After`, in seconds or as a
 * date, or by the seconds `t` of `RateLimit`. Otherwise twice as long after each failure. Undefined if it is not worth it.
 */
const waitMs = (failures: number, headers?: Headers): number | undefined => {
  const announced = headers && announcedWaitMs(headers);
  if (announced === undefined) return Math.min(30_000, 200 * 2 ** failures);
  return announced > longestWaitMs ? undefined : announced;
};

/** What a try that failed has brought all the same. */
export interface Brought {
  /** @defaultValue nothing says how long to wait */
  readonly headers?: Headers | undefined;
  /** Of a download. @defaultValue `0` */
  readonly bytes?: number;
}

/**
 * Counts the failures of a server, and says how long to wait before the next try: undefined when it is not worth another. Takes
 * the milliseconds of the try.
 */
export type Patience = (spentMs: number, brought?: Brought) => number | undefined;

/**
 * Patience for so many retries. It ends early once tries that failed have taken twice the time after which a server is
 * silent: who says nothing twice would be asked for minutes. A try that brought some of a download is not counted.
 */
export const createPatience = (retries: number, silenceMs = defaultSilenceMs): Patience => {
  let failures = 0;
  let spent = 0;
  return (spentMs, { headers, bytes = 0 } = {}) => {
    if (bytes < leastBytes) spent += spentMs;
    return failures < retries && spent < 2 * silenceMs ? waitMs(failures++, headers) : undefined;
  };
};

/** Whether the same request may succeed later. */
export const isPassing = (status: number): boolean => [408, 425, 429, 500, 502, 503, 504].includes(status);

const announcedWaitMs = (headers: Headers): number | undefined => {
  const after = headers.get("retry-after") ?? /(?:^|;)\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (after === undefined) return undefined;
  const wait = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
};

/** Waits, or rejects with the reason of the signal. */
export const wait = (ms: number, signal: AbortSignal | null | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });

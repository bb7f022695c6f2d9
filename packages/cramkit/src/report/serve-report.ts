import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { plainText } from "../terminal/plain-text.ts";

export interface ReportServerOptions {
  /** Makes the page. */
  readonly render: () => Promise<string>;
  /** Changes when the page would. */
  readonly version: () => Promise<string>;
  /** Between two renderings, at least. */
  readonly periodMs: number;
}

/** A client that takes longer than this to ask, or to take the page, is sent away. */
const patienceMs = 10_000;
/** So long a request waits for a new page; a longer period gives it the one that is there. */
const longestWaitMs = 5_000;
const maxConnections = 32;

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
} as const;

/** Serves one page to this machine. Whatever is asked of it, the page is rendered at most once a period. */
export const createReportServer = (options: ReportServerOptions): Server => {
  const page = freshPage(options);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const end = (status: number, type: string, body: string) => {
      // Inactivity alone would let a client take the page byte by byte.
      const timer = setTimeout(() => response.destroy(), patienceMs);
      response.once("close", () => clearTimeout(timer));
      response.writeHead(status, { ...headers, "content-type": `${type}; charset=utf-8` }).end(body);
    };
    if (!isOurs(request.headers.host)) return end(403, "text/plain", "expected a request to localhost");
    if (request.method !== "GET" && request.method !== "HEAD") return end(405, "text/plain", "expected GET");
    if (request.url !== "/") return end(404, "text/plain", "not found; the report is at /");
    try {
      end(200, "text/html", await page());
    } catch (error) {
      end(500, "text/plain", plainText((error as Error).message));
    }
  };
  const server = createServer(
    { headersTimeout: patienceMs, requestTimeout: patienceMs, connectionsCheckingInterval: 1_000 },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = maxConnections;
  server.timeout = patienceMs;
  return server;
};

/** A page of another site whose name was made to point here (DNS rebinding) asks by that name. */
const isOurs = (host: string | undefined): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? "");

/** The page, made anew if it would be another one; who asks before the period is over waits for its end. */
const freshPage = ({ render, version, periodMs }: ReportServerOptions): (() => Promise<string>) => {
  let current: { at: number; version: string; page: Promise<string> } | undefined;
  let waiting: Promise<string> | undefined;
  const make = (seen: string): Promise<string> => {
    current = { at: performance.now(), version: seen, page: render() };
    return current.page;
  };
  return async () => {
    if (waiting) return waiting;
    const seen = await version();
    if (!current) return make(seen);
    if (seen === current.version) return current.page;
    const left = current.at + periodMs - performance.now();
    if (left <= 0) return make(seen);
    if (left > longestWaitMs) return current.page;
    waiting ??= new Promise((turn) => setTimeout(turn, left)).then(async () => {
      waiting = undefined;
      return make(await version());
    });
    return waiting;
  };
};

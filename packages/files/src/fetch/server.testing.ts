import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a server was asked, in order: method, path, and the token if there was one. */
export interface TestServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly asked: string[];
  close(): Promise<void>;
}

export const startServer = async (answer: RequestListener): Promise<TestServer> => {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(described(request));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const described = ({ method, url, headers }: IncomingMessage): string =>
  [method, url, headers.authorization].filter((part) => part !== undefined).join(" ");

import { fault } from "@cramkit/errors";

/** A secret, and the addresses whose origins may see it. */
export interface Token {
  readonly value: string;
  readonly urls: readonly (string | URL)[];
}

/**
 * Whether an address may see a token: its origin is one of those that the token is for, and what is sent there is encrypted or
 * stays on this machine.
 */
export const maySeeToken = (url: string | URL, urls: Token["urls"]): boolean => {
  const { origin, protocol, hostname } = new URL(url);
  const isPrivate = protocol === "https:" || (protocol === "http:" && isThisMachine(hostname));
  return isPrivate && urls.some((allowed) => new URL(allowed).origin === origin);
};

const isThisMachine = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/** The header of a token. The error of a bad one does not show it, as that of `Headers` would. */
export const bearer = ({ value }: Token): string => {
  if (/^[\x21-\x7e]+$/.test(value)) return `Bearer ${value}`;
  throw fault({
    code: "invalid-argument",
    problem:
      "expected an access token of letters, digits and signs, got one with blanks, line breaks or other characters",
    remedy: "check the variable or the file that it was read from",
  });
};

// An HTTP(S) server on a port of the kernel's choice, which it prints: `node … [certificate key]`.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [certificate, key] = process.argv.slice(2);

export const server = certificate ? createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }) : createServer();

export function listen() {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => console.log(server.address().port));
}

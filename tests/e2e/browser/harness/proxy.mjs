// A TCP proxy in front of noom-signal whose link the test can cut, refuse or silence, as networks do.

import net from 'node:net';

export class Proxy {
  #sockets = new Set();
  #mode = 'open';
  #targetPort;

  static async start(targetPort) {
    const proxy = new Proxy(targetPort);
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  constructor(targetPort) {
    this.#targetPort = targetPort;
    this.server = net.createServer((client) => {
      if (this.#mode === 'cut') return client.destroy();
      const upstream = net.connect(this.#targetPort, '127.0.0.1');
      for (const [from, to] of [[client, upstream], [upstream, client]]) {
        this.#sockets.add(from);
        from.on('data', (data) => this.#mode !== 'silent' && to.write(data));
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          // On a silent link not even the end of a connection gets through.
          if (this.#mode !== 'silent') to.destroy();
        });
      }
      return undefined;
    });
  }

  /** Breaks every connection and lets none through until `open`. */
  cut() {
    this.#mode = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections stay, bytes vanish: a half-open link. */
  silence() {
    this.#mode = 'silent';
  }

  /** Lets everything through again; with a port, to another server from now on. */
  open(targetPort = this.#targetPort) {
    this.#targetPort = targetPort;
    this.#mode = 'open';
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

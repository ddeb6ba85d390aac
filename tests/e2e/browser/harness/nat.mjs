// A network of its own for a browser: behind a real NAT (nftables masquerade) and a firewall that the test rules, with the servers on the far side.
//
//     browser 10.77.0.2 ── 10.77.0.1 router 203.0.113.1 ── 203.0.113.10, 203.0.113.11 servers
//             10.78.0.2 ── 10.78.0.1                         (once the browser has switched networks)

import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const SERVER = '203.0.113.10';
export const OTHER_SERVER = '203.0.113.11';
export const OUTSIDE = '203.0.113.1';

/** Whether this process may make network namespaces. */
export function canRoute() {
  const network = new NatNetwork();
  try {
    network.up();
    return true;
  } catch {
    return false;
  } finally {
    network.down();
  }
}

export class NatNetwork {
  #name = `noom${process.pid}`;

  get inside() {
    return `${this.#name}-in`;
  }
  get router() {
    return `${this.#name}-nat`;
  }
  get outside() {
    return `${this.#name}-out`;
  }

  up() {
    for (const namespace of [this.inside, this.router, this.outside]) {
      ip('netns', 'add', namespace);
      // A link-local address that comes a second later is a change of network: Chromium ends the requests it is waiting for.
      ip('netns', 'exec', namespace, 'sysctl', '-eqw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
    }
    ip('link', 'add', 'lan', 'netns', this.inside, 'type', 'veth', 'peer', 'name', 'lan', 'netns', this.router);
    ip('link', 'add', 'wan', 'netns', this.router, 'type', 'veth', 'peer', 'name', 'wan', 'netns', this.outside);
    for (const [namespace, link, ...addresses] of [
      [this.inside, 'lan', '10.77.0.2/24'],
      [this.router, 'lan', '10.77.0.1/24'],
      [this.router, 'wan', `${OUTSIDE}/24`],
      [this.outside, 'wan', `${SERVER}/24`, `${OTHER_SERVER}/24`],
    ]) {
      for (const address of addresses) ip('-n', namespace, 'address', 'add', address, 'dev', link);
      for (const one of [link, 'lo']) ip('-n', namespace, 'link', 'set', one, 'up');
    }
    ip('-n', this.inside, 'route', 'add', 'default', 'via', '10.77.0.1');
    ip('netns', 'exec', this.router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }

  /**
   * What the router does from now on, to what begins from now on.
   * @param {string} masquerade   of nftables: "masquerade" keeps a port for all destinations, "masquerade random,fully-random" has one for each
   * @param {string[]} rules      of what is forwarded from the inside: "udp dport 3478 drop"
   */
  route(masquerade, rules = []) {
    const ruleset = `
      flush ruleset
      table ip noom {
        chain out { type nat hook postrouting priority srcnat; oifname "wan" ${masquerade}; }
        chain pass { type filter hook forward priority filter; iifname "lan" jump asked; }
        chain asked { ${rules.map((rule) => `${rule};`).join(' ')} }
      }`;
    execFileSync('ip', ['netns', 'exec', this.router, 'nft', '-f', '-'], { input: ruleset, stdio: ['pipe', 'ignore', 'pipe'] });
  }

  /** From one network to another, as a phone that leaves the house: the address vanishes, another one is there. */
  switchNetwork() {
    ip('link', 'add', 'mobile', 'netns', this.inside, 'type', 'veth', 'peer', 'name', 'mobile', 'netns', this.router);
    for (const [namespace, address] of [[this.router, '10.78.0.1/24'], [this.inside, '10.78.0.2/24']]) {
      ip('-n', namespace, 'address', 'add', address, 'dev', 'mobile');
      ip('-n', namespace, 'link', 'set', 'mobile', 'up');
    }
    ip('-n', this.inside, 'link', 'set', 'lan', 'down');
    ip('-n', this.inside, 'address', 'flush', 'dev', 'lan');
    ip('-n', this.inside, 'route', 'replace', 'default', 'via', '10.78.0.1');
  }

  /** A program that runs another one in a namespace. @param {string} program @param {string} directory */
  wrap(program, directory, namespace = this.inside) {
    const wrapper = path.join(directory, `in-${namespace}`);
    writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${namespace} ${program} "$@"\n`);
    chmodSync(wrapper, 0o755);
    return wrapper;
  }

  down() {
    for (const namespace of [this.inside, this.router, this.outside]) {
      try {
        ip('netns', 'delete', namespace);
      } catch {
        // It was not made.
      }
    }
  }
}

/** @param {...string} words */
function ip(...words) {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

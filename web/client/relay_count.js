// Which of two relayed paths a browser prefers depends on how many TURN URLs came after the one in use: each gets a priority, the last the
// lowest. After an ICE restart with fewer of them than before, the path over a relay that goes away would be preferred to its end.

/** @param {string} url */
const isRelay = (url) => /^turns?:/i.test(url);

/** @param {RTCIceServer[]} servers */
function relayUrls(servers) {
  return servers.flatMap(({ urls }) => urls).filter(isRelay);
}

/**
 * `servers`, with a relay named more than once where `before` had more of them.
 * @param {RTCIceServer[]} servers
 * @param {RTCIceServer[]} before
 * @returns {RTCIceServer[]}
 */
export function withAsManyRelays(servers, before) {
  const missing = relayUrls(before).length - relayUrls(servers).length;
  const [first] = relayUrls(servers);
  if (missing <= 0 || first === undefined) return servers;
  let added = false;
  return servers.map((server) => {
    const urls = [server.urls].flat();
    if (added || !urls.includes(first)) return server;
    added = true;
    return { ...server, urls: [...Array(missing).fill(first), ...urls] };
  });
}

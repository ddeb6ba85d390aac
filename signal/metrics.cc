// Every family of noom_signal_*, hub first.
#include "signal/metrics.h"

#include "common/ops/common_metrics.h"

namespace noom::signal {
namespace {

void collect_hub(ops::MetricPage& page, const Stats& hub) {
  page.gauge("noom_signal_sessions", "Sessions with a connection, of any carrier.").sample(hub.sessions.value());
  page.gauge("noom_signal_rooms", "Rooms with somebody in them.").sample(hub.rooms.value());
  page.gauge("noom_signal_members", "Sessions that are in a room.").sample(hub.members.value());
  page.gauge("noom_signal_waiting", "Sessions that wait in lobbies.").sample(hub.waiting.value());
  page.counter("noom_signal_sessions_opened_total", "Sessions opened.").sample(hub.sessions_opened.value());
  auto refused = page.counter("noom_signal_sessions_refused_total", "Upgrades refused with 429 or 503, by reason.");
  for (size_t i = 0; i < kOpenRefusalCount; ++i) {
    refused.sample(hub.sessions_refused[i].value(), {{"reason", to_string(static_cast<OpenRefusal>(i))}});
  }
  auto requests = page.counter("noom_signal_messages_total", "Well-formed messages received, by type.");
  for (size_t i = 0; i < kRequestTypeCount; ++i) {
    requests.sample(hub.requests[i].value(), {{"type", to_string(static_cast<RequestType>(i))}});
  }
  auto errors = page.counter("noom_signal_errors_total", "Errors sent, by code.");
  for (size_t i = 0; i < kErrorCodeCount; ++i) {
    errors.sample(hub.errors[i].value(), {{"code", to_string(static_cast<ErrorCode>(i))}});
  }
  page.counter("noom_signal_deliveries_total", "Messages sent to clients; one for each receiver.")
      .sample(hub.deliveries.value());
  page.counter("noom_signal_credentials_minted_total", "TURN credentials handed out.")
      .sample(hub.credentials_minted.value());
  page.counter("noom_signal_revocations_total", "Members and rooms whose relaying was to end at once.")
      .sample(hub.revocations.value());
  page.gauge("noom_signal_sessions_away", "Sessions without a connection that may still be resumed.")
      .sample(hub.away.value());
  page.gauge("noom_signal_nodes", "Nodes of the cluster that this one sees, itself included; 0 without a cluster.")
      .sample(hub.nodes.value());
  page.gauge("noom_signal_node_name_taken", "1 while another process has this node's name.")
      .sample(hub.name_taken.value());
  page.counter("noom_signal_sessions_given_total", "Sessions that other nodes have taken over, with their clients.")
      .sample(hub.seats_given.value());
  page.counter("noom_signal_link_resets_total",
               "Times that messages to or from another node may have been lost; rooms then tell their members anew.")
      .sample(hub.link_resets.value());
  page.counter("noom_signal_node_messages_malformed_total", "Messages of other nodes that could not be read.")
      .sample(hub.node_messages_malformed.value());
  page.gauge("noom_signal_replay_bytes", "Bytes kept for sessions that may have to be told again.")
      .sample(hub.replay_bytes.value());
  page.counter("noom_signal_replays_dropped_total", "Sessions whose replay was given up at limits.replay_total_bytes.")
      .sample(hub.replays_dropped.value());
  auto resumes = page.counter("noom_signal_resumes_total", "Attempts to resume a session, by outcome.");
  for (size_t i = 0; i < kResumeOutcomeCount; ++i) {
    resumes.sample(hub.resumes[i].value(), {{"outcome", to_string(static_cast<ResumeOutcome>(i))}});
  }
  page.counter("noom_signal_sessions_expired_total", "Sessions that were not resumed within the window.")
      .sample(hub.expired.value());
}

void collect_carriers(ops::MetricPage& page, const ShellStats& shell) {
  const auto by_kind = [](auto family, const CounterTable<CarrierKind>& counts) {
    for (size_t i = 0; i < count_of<CarrierKind>(); ++i)
      family.sample(counts[static_cast<CarrierKind>(i)].value(), {{"carrier", kCarrierLabels[i]}});
  };
  by_kind(page.gauge("noom_signal_carriers", "What carries sessions now: WebSockets, event streams, long polls."),
          shell.carriers);
  by_kind(page.counter("noom_signal_carriers_opened_total", "Carriers opened, by kind."), shell.carriers_opened);
  auto posts = page.counter("noom_signal_posts_total",
                            "POSTs of fallbacks: in their turn, held for it, come before, or too far ahead of it.");
  for (size_t i = 0; i < count_of<PostOutcome>(); ++i) {
    posts.sample(shell.posts[static_cast<PostOutcome>(i)].value(), {{"outcome", kPostLabels[i]}});
  }
  page.counter("noom_signal_polls_total", "Long polls received.").sample(shell.polls.value());
  auto forwards = page.counter("noom_signal_forwards_total",
                               "Requests passed on to the node that has the connection: answered by it, not answered, "
                               "or too many at once.");
  for (size_t i = 0; i < count_of<ForwardOutcome>(); ++i)
    forwards.sample(shell.forwards[static_cast<ForwardOutcome>(i)].value(), {{"outcome", kForwardLabels[i]}});
}

void collect_probes(ops::MetricPage& page, const ProbeCounts& counts) {
  auto probes = page.counter("noom_client_probe_total",
                             "Ways of a call that browsers checked on the doctor page, by what came of it. Told by "
                             "them, so good for trends only.");
  for (size_t transport = 0; transport < counts.size(); ++transport) {
    for (size_t result = 0; result < count_of<ProbeResult>(); ++result) {
      probes.sample(counts[transport][static_cast<ProbeResult>(result)].value(),
                    {{"transport", kProbeTransportLabels[transport]}, {"result", kProbeResultLabels[result]}});
    }
  }
}

void collect_shell(ops::MetricPage& page, const ShellStats& shell) {
  page.gauge("noom_signal_connections", "TCP connections open, WebSockets included.").sample(shell.connections.value());
  page.counter("noom_signal_connections_refused_total", "TCP connections closed at once, at limits.connections.")
      .sample(shell.connections_refused.value());
  page.counter("noom_signal_tls_handshakes_failed_total", "TLS handshakes that failed or took too long.")
      .sample(shell.handshakes_failed.value());
  auto handshakes = page.histogram("noom_signal_handshake_seconds",
                                   "TLS handshakes from accepting until they are done; those that fail are not in it.");
  ops::sample_latency(handshakes, {&shell.tls_handshakes});
  auto headers = page.counter("noom_signal_proxy_headers_refused_total",
                              "Connections from listen.proxy_protocol_from closed for their PROXY header, by reason.");
  for (size_t i = 0; i < count_of<wire::ProxyRefusal>(); ++i) {
    const auto reason = static_cast<wire::ProxyRefusal>(i);
    headers.sample(shell.proxy_headers_refused[reason].value(), {{"reason", to_string(reason)}});
  }
  page.counter("noom_signal_http_deadlines_missed_total",
               "HTTP connections closed because a request or an answer took too long, or idle.")
      .sample(shell.deadlines_missed.value());
  auto answers =
      page.counter("noom_signal_http_answers_total", "HTTP requests answered, by class of status; 1xx are upgrades.");
  for (size_t i = 0; i < kStatusClassLabels.size(); ++i) {
    answers.sample(shell.http_answers[i].value(), {{"class", kStatusClassLabels[i]}});
  }
  collect_carriers(page, shell);
  collect_probes(page, shell.probes);
  auto closes = page.counter("noom_signal_closes_total",
                             "Carriers that ended: by the close code sent, by the client, or lost without a close.");
  for (size_t i = 0; i < kCloseLabels.size(); ++i) closes.sample(shell.closes[i].value(), {{"code", kCloseLabels[i]}});
  page.gauge("noom_signal_queued_bytes", "Bytes that wait for clients to read.").sample(shell.queued_bytes.value());
  page.counter("noom_signal_superseded_total", "Events replaced by a stub for clients that read slowly.")
      .sample(shell.superseded.value());
  page.counter("noom_signal_received_bytes_total", "Bytes of messages received.").sample(shell.received_bytes.value());
  page.counter("noom_signal_sent_bytes_total", "Bytes of messages sent.").sample(shell.sent_bytes.value());
}

template <typename Drops>
void sample_drops(Drops&& drops, const PostStats& posts) {
  for (size_t i = 0; i < count_of<PostDrop>(); ++i) {
    const auto drop = static_cast<PostDrop>(i);
    drops.sample(posts.drops[drop].value(), {{"reason", to_string(drop)}});
  }
}

void collect_webhooks(ops::MetricPage& page, const PostStats& webhooks) {
  page.counter("noom_signal_webhooks_delivered_total", "Events that a receiver of webhooks has taken.")
      .sample(webhooks.delivered.value());
  page.counter("noom_signal_webhook_attempts_failed_total",
               "Attempts to deliver an event that ended with no answer, or another than 2xx.")
      .sample(webhooks.attempts_failed.value());
  page.gauge("noom_signal_webhooks_queued", "Events that wait for receivers of webhooks.")
      .sample(webhooks.queued.value());
  sample_drops(page.counter("noom_signal_webhooks_dropped_total", "Events that were not delivered, by reason."),
               webhooks);
}

void collect_relay_orders(ops::MetricPage& page, const PostStats& orders) {
  page.counter("noom_signal_relay_orders_delivered_total",
               "Orders to take credentials back that a noom-turn has obeyed over HTTP.")
      .sample(orders.delivered.value());
  page.counter("noom_signal_relay_order_attempts_failed_total",
               "Attempts to give a noom-turn an order over HTTP that ended with no answer, or another than 2xx.")
      .sample(orders.attempts_failed.value());
  page.gauge("noom_signal_relay_orders_queued", "Orders that wait for a noom-turn to answer over HTTP.")
      .sample(orders.queued.value());
  sample_drops(
      page.counter("noom_signal_relay_orders_dropped_total", "Orders that no noom-turn got over HTTP, by reason."),
      orders);
}

}  // namespace

void collect(ops::MetricPage& page, const Stats& hub, const ShellStats& shell, const PostStats& webhooks,
             const PostStats& relay_orders) {
  collect_hub(page, hub);
  collect_shell(page, shell);
  collect_webhooks(page, webhooks);
  collect_relay_orders(page, relay_orders);
}

}  // namespace noom::signal

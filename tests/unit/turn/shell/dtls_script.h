// DtlsClients without sockets and in virtual time, and clients to talk to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <set>

#include "tests/unit/common/io/certificate.h"
#include "tests/unit/common/io/dtls_peer.h"
#include "tests/unit/turn/shell/virtual_time.h"
#include "turn/shell/dtls_clients.h"

#if defined(__SANITIZE_ADDRESS__)
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace noom::turn {

class SilentLog final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

// Bytes on the heap now.
inline size_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#else
  return ::mallinfo2().uordblks;
#endif
}

inline std::shared_ptr<const io::TlsContext> dtls_context(const io::TestCertificate& certificate,
                                                          const std::vector<std::string>& alpn = {}) {
  const Wall now = virtual_now().wall;
  const io::TlsOptions options = certificate.options();
  return *io::TlsContext::make({*io::TlsCertificate::load({options.certificate_file, options.key_file}, now)}, alpn,
                               io::TlsMethod::kDatagram);
}

class DtlsScript : public testing::Test, public DtlsHost {
 protected:
  explicit DtlsScript(const DtlsLimits& limits = {}, uint32_t sessions_max = 100,
                      uint32_t sessions_per_source_max = 100)
      : places_(sessions_max, sessions_per_source_max), clients_(*this, random_, limits, places_, stats_, log_) {}
  void TearDown() override {
    EXPECT_EQ(stats_.received.value(), stats_.delivered.value() + stats_.consumed.value() + stats_.drops.sum());
  }

  static FiveTuple tuple(uint16_t port = 4000, const IpAddress& address = IpAddress::v4(198, 51, 100, 7)) {
    return {{address, port}, {IpAddress::v4(192, 0, 2, 1), 3478}, Transport::kDtls, 0};
  }

  // What clients send arrives, what the server sends is kept in sent_ until pass() or taken.
  void arrive(const FiveTuple& from, std::string_view datagram) {
    std::string copy(datagram);
    clients_.on_datagram(virtual_now(), from, std::as_writable_bytes(std::span(copy)), {}, slot_);
    clients_.on_flushed();
  }
  std::vector<std::string> take_sent() { return std::exchange(sent_, {}); }
  std::string take_one_sent() {
    auto all = take_sent();
    return all.size() == 1 ? all[0] : std::to_string(all.size()) + " datagrams";
  }
  // Carries datagrams both ways until nobody has more to say.
  void pass(io::DtlsPeer& peer, const FiveTuple& from) {
    for (;;) {
      const auto out = peer.take();
      for (const std::string& datagram : out) arrive(from, datagram);
      const auto in = take_sent();
      for (const std::string& datagram : in) peer.deliver(datagram);
      if (out.empty() && in.empty()) return;
    }
  }
  void connect(io::DtlsPeer& peer, const FiveTuple& from) {
    peer.connect();
    pass(peer, from);
  }
  // The ClientHello with a good cookie, and nothing after it.
  std::string proved_hello(io::DtlsPeer& peer, const FiveTuple& from) {
    peer.connect();
    arrive(from, peer.take_one());
    peer.deliver(take_one_sent());
    return peer.take_one();
  }
  DtlsClients::Sent send(const FiveTuple& to, std::string_view message) {
    const auto sent = clients_.send(to, as_bytes(message), {});
    clients_.on_flushed();
    return sent;
  }
  void advance(Duration by) {
    advance_virtual_time(by);
    clients_.on_tick(virtual_now());
    clients_.on_flushed();
  }
  std::vector<std::string> take_messages() { return std::exchange(messages_, {}); }
  uint64_t dropped(DtlsDrop reason) const { return stats_.drops[reason].value(); }

  void on_dtls_message(Now, const FiveTuple&, MutableBytes message, const IpFields&) override {
    messages_.emplace_back(as_text(message));
  }
  void on_dtls_closed(Now, const FiveTuple& client) override { closed_.push_back(client); }
  void send_dtls(const FiveTuple&, Bytes datagram, const IpFields&) override { sent_.emplace_back(as_text(datagram)); }
  bool has_allocation(const FiveTuple& client) const override { return allocations_.contains(client); }

  io::TestCertificate certificate_;
  io::TlsContextSlot slot_{dtls_context(certificate_)};
  SeededRandom random_{1};
  SilentLog sink_;
  EventLog log_{sink_, 0};
  DtlsStats stats_;
  StreamPlaces places_;
  DtlsClients clients_;
  std::vector<std::string> sent_;
  std::vector<std::string> messages_;
  std::vector<FiveTuple> closed_;
  std::set<FiveTuple> allocations_;
};

}  // namespace noom::turn

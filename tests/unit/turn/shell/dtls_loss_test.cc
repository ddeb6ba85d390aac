// Handshakes over a network that loses, doubles and reorders, in virtual time. A failing run names its seed.
#include <map>

#include "tests/unit/turn/shell/dtls_script.h"

namespace noom::turn {
namespace {

using std::chrono::milliseconds;

class DtlsLossTest : public DtlsScript, public testing::WithParamInterface<uint64_t> {
 protected:
  // Each direction loses no more than this, so that a handshake can come to its end in time.
  static constexpr int kLossesMax = 2;

  void throw_in(bool to_server, const std::string& datagram) {
    if (chance_.below(3) == 0 && losses_[to_server]++ < kLossesMax) return;
    const uint32_t copies = chance_.below(4) == 0 ? 2 : 1;
    for (uint32_t i = 0; i < copies; ++i) {
      const Mono arrival = virtual_now().mono + milliseconds(5 + chance_.below(200));
      network_.emplace(arrival, std::pair(to_server, datagram));
    }
  }
  void collect() {
    for (const std::string& datagram : peer_.take()) throw_in(true, datagram);
    for (const std::string& datagram : take_sent()) throw_in(false, datagram);
  }
  // Lets the next thing happen; false when nothing is left to happen.
  bool step() {
    std::optional<Mono> client;
    if (const auto after = peer_.timeout(); after && !peer_.established())
      client = virtual_now().mono + std::max<Duration>(*after, milliseconds(1));
    std::optional<Mono> next = client;
    const auto consider = [&](std::optional<Mono> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!peer_.established() || stats_.handshakes_live.value() > 0) consider(clients_.next_deadline());
    if (!network_.empty()) consider(network_.begin()->first);
    if (!next) return false;
    advance(std::max<Duration>(*next - virtual_now().mono, Duration(0)));
    if (client && *client <= virtual_now().mono) peer_.on_timeout();
    while (!network_.empty() && network_.begin()->first <= virtual_now().mono) {
      const auto [to_server, datagram] = network_.begin()->second;
      network_.erase(network_.begin());
      to_server ? arrive(tuple(), datagram) : peer_.deliver(datagram);
    }
    collect();
    return true;
  }

  SeededRandom chance_{GetParam()};
  io::DtlsPeer peer_;
  std::multimap<Mono, std::pair<bool, std::string>> network_;
  std::map<bool, int> losses_;
};

TEST_P(DtlsLossTest, TheHandshakeComesToItsEndAndDataGoesBothWays) {
  SCOPED_TRACE(GetParam());
  peer_.connect();
  collect();
  while (!(peer_.established() && stats_.handshakes[DtlsHandshake::kCompleted].value() == 1) && step()) {
  }
  ASSERT_TRUE(peer_.established());
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
  while (!network_.empty() && step()) {  // late copies
  }
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
  for (const char* const text : {"a", "b", "c"}) peer_.send(text);
  pass(peer_, tuple());
  EXPECT_THAT(take_messages(), testing::ElementsAre("a", "b", "c"));
  send(tuple(), "d");
  pass(peer_, tuple());
  EXPECT_THAT(peer_.messages(), testing::ElementsAre("d"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, DtlsLossTest, testing::Range<uint64_t>(0, 60));

}  // namespace
}  // namespace noom::turn

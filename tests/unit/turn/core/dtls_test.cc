// What DTLS clients have of datagrams: no padding, one record for a message.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class Dtls : public testing::Test {
 protected:
  Dtls() {
    alice_.allocates();
    alice_.binds(0x4000, "192.0.2.9:99");
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000", Transport::kDtls);
};

TEST_F(Dtls, ChannelDataIsNotPadded) {
  // RFC 8656 §12.5: ChannelData is padded over TCP and TLS only.
  script_.peer_sends(0, "192.0.2.9:99", "12345");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 '12345'"));
}

TEST_F(Dtls, AMessageIsOneRecordAtMost) {
  // RFC 6347 §4.1.1: a record fits within a datagram, and what is sent is one record, of 2^14 bytes at most.
  script_.peer_sends(0, "192.0.2.9:99", std::string(kDtlsPayloadMax - wire::kChannelHeaderSize, 'x'));
  EXPECT_EQ(script_.says().size(), 1u);
  script_.peer_sends(0, "192.0.2.9:99", std::string(kDtlsPayloadMax - wire::kChannelHeaderSize + 1, 'x'));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kOversize), 1u);
}

}  // namespace
}  // namespace noom::turn::test

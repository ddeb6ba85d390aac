// From noom-turn's configuration to what its service runs on: files, credentials, relay addresses, and every way they
// can be wrong.
#include "turn/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "common/ops/text_file.h"
#include "tests/unit/common/io/certificate.h"

namespace noom::turn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr Wall kNow{std::chrono::seconds(1'900'000'000)};
const IpAddress kHostV4 = IpAddress::v4(192, 0, 2, 7);
const IpAddress kHostV6 = *IpAddress::parse("2001:db8::7");

class TurnSetupTest : public testing::Test {
 protected:
  TurnSetupTest() {
    std::string name = testing::TempDir() + "setup_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~TurnSetupTest() override { std::filesystem::remove_all(folder_); }

  // A configuration that holds, with `toml` on top of it.
  Prepared set_up_with(std::string_view toml) {
    EXPECT_THAT(table_.set("auth.users=ann:secret"), IsEmpty());
    EXPECT_THAT(table_.set("relay.addresses=192.0.2.7"), IsEmpty());
    return set_up_only(toml);
  }
  Prepared set_up_only(std::string_view toml) {
    EXPECT_THAT(table_.load_toml(toml, "f.toml"), IsEmpty());
    return prepare(config_, table_, host_, kNow);
  }
  std::string file(std::string_view name, std::string_view text, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + std::string(name);
    EXPECT_TRUE(ops::write_text_file_atomically(path, text).ok());
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  static bool knows(const Prepared& prepared, std::string_view user) {
    return !prepared.options.settings->credentials->accounts(user, "noom", auth::PasswordAlgorithm::kMd5, kNow).empty();
  }

  std::string folder_;
  Config config_;
  ops::ConfigTable table_ = config_table(config_);
  std::vector<io::LocalAddress> host_ = {
      {.address = kHostV4, .interface = "eth0", .loopback = false, .link_local = false, .up = true},
      {.address = kHostV6, .interface = "eth0", .loopback = false, .link_local = false, .up = true}};
};

TEST_F(TurnSetupTest, ListenersKeepTheirKeysAndOrder) {
  const Prepared prepared = set_up_with("[listen]\nudp = [\"127.0.0.1:1\", \"[::1]:2\"]\ntcp = [\"127.0.0.1:3\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  ASSERT_EQ(prepared.options.listeners.size(), 3u);
  EXPECT_EQ(prepared.options.listeners[1].name, "listen.udp");
  EXPECT_EQ(prepared.options.listeners[1].local, *IpEndpoint::parse("[::1]:2"));
  EXPECT_EQ(prepared.options.listeners[2].name, "listen.tcp");
  EXPECT_EQ(prepared.options.listeners[2].transport, Transport::kTcp);
}

TEST_F(TurnSetupTest, DtlsHasListenersOfItsOwnAndBesideUdp) {
  const io::TestCertificate certificate;
  const std::string tls = "[tls]\ncertificate = \"" + certificate.options().certificate_file + "\"\nkey = \"" +
                          certificate.options().key_file + "\"\n";
  const Prepared prepared =
      set_up_with(tls +
                  "[listen]\nudp = []\ntcp = []\ndtls = [\"127.0.0.1:2\"]\nudp_or_dtls = [\"127.0.0.1:1\"]\n"
                  "[auth]\nlistener_realms = [\"dtls://127.0.0.1:2=two\", \"udp_or_dtls://127.0.0.1:1=one\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  ASSERT_EQ(prepared.options.listeners.size(), 2u);
  EXPECT_EQ(prepared.options.listeners[0].transport, Transport::kDtls);
  EXPECT_NE(prepared.options.listeners[0].tls, nullptr);
  EXPECT_EQ(prepared.options.listeners[1].transport, Transport::kUdp);
  EXPECT_TRUE(prepared.options.listeners[1].or_tls);
  EXPECT_NE(prepared.options.listeners[1].tls, nullptr);
  EXPECT_THAT(prepared.options.settings->listener_realms, ElementsAre("two", "one"));
}

TEST_F(TurnSetupTest, DtlsNeedsACertificate) {
  for (const std::string_view key : {"dtls", "udp_or_dtls"})
    EXPECT_THAT(set_up_with("[listen]\n" + std::string(key) + " = [\"127.0.0.1:0\"]\n").findings.errors,
                ElementsAre(StartsWith("tls.certificate (default): ")));
}

TEST_F(TurnSetupTest, WithoutAnyListenerItDoesNotStart) {
  EXPECT_THAT(
      set_up_with("[listen]\nudp = []\ntcp = []\n").findings.errors,
      ElementsAre("f.toml:2: listen.udp: no listener is left; give listen.udp, listen.tcp or listen.tls an address"));
}

TEST_F(TurnSetupTest, WithoutCredentialsItDoesNotStartAndSaysHowToMakeThem) {
  EXPECT_THAT(
      set_up_only("[relay]\naddresses = [\"192.0.2.7\"]\n").findings.errors,
      ElementsAre(
          "auth.users (default): no credentials are configured, so that nobody could use the relay; add a user "
          "(auth.users, auth.user_file), or make a secret to share with noom-signal (openssl rand -hex 32 > FILE) "
          "and name it in auth.rest_secret_files"));
}

TEST_F(TurnSetupTest, UsersComeFromTheFileAndFromTheUserFile) {
  const std::string users = file("users", "# staff\nbob:pass:word\n\ncarol:x\n");
  const Prepared prepared = set_up_with("[auth]\nuser_file = \"" + users + "\"\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_THAT(prepared.findings.warnings, IsEmpty());
  for (const std::string_view user : {"ann", "bob", "carol"}) EXPECT_TRUE(knows(prepared, user)) << user;
  EXPECT_FALSE(knows(prepared, "# staff"));
  const auto bob = prepared.options.settings->credentials->accounts("bob", "noom", auth::PasswordAlgorithm::kMd5, kNow);
  EXPECT_EQ(bob.front().key.reveal(), auth::long_term_key_md5("bob", "noom", "pass:word").reveal());
}

TEST_F(TurnSetupTest, AnEntryThatIsNoUserIsNamedButNotRepeated) {
  const std::string users = file("users", "bob:x\nhunter2\n");
  EXPECT_THAT(
      set_up_only("[auth]\nusers = [\"hunter2\", \":x\", \"ann:\"]\nuser_file = \"" + users + "\"\n").findings.errors,
      ElementsAre("f.toml:2: auth.users: entry 1 is not a name, a colon and a password; write name:password",
                  "f.toml:2: auth.users: entry 2 is not a name, a colon and a password; write name:password",
                  "f.toml:2: auth.users: entry 3 is not a name, a colon and a password; write name:password",
                  "f.toml:3: auth.user_file: entry 2 of " + users +
                      " is not a name, a colon and a password; write name:password"));
}

TEST_F(TurnSetupTest, RestSecretsComeFromFilesAndKeys) {
  const std::string secret = file("secret", "0123456789abcdef0123456789abcdef\n");
  const Prepared prepared =
      set_up_only("[auth]\nrest_secrets = [\"fedcba9876543210\"]\nrest_secret_files = [\"" + secret + "\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_EQ(
      prepared.options.settings->credentials->accounts("1900000100:ann", "noom", auth::PasswordAlgorithm::kMd5, kNow)
          .size(),
      4u);
}

TEST_F(TurnSetupTest, SecretsThatOthersMayReadOrGuessAreWarnedAbout) {
  const std::string open = file("open", "0123456789abcdef0123456789abcdef", 0644);
  const std::string guessable = file("short", "hunter2");
  const Prepared prepared = set_up_with("[auth]\nrest_secret_files = [\"" + open + "\", \"" + guessable + "\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_THAT(
      prepared.findings.warnings,
      ElementsAre("f.toml:2: auth.rest_secret_files: " + open + " can be read by others; chmod 600 " + open,
                  "f.toml:2: auth.rest_secret_files: has a secret shorter than 16 characters; make one with: openssl "
                  "rand -hex 32"));
}

TEST_F(TurnSetupTest, UnreadableFilesAreNamedWithTheReason) {
  const auto errors =
      set_up_with("[auth]\nuser_file = \"/none\"\nrest_secret_files = [\"/none\", \"" + file("empty", "\n") + "\"]\n")
          .findings.errors;
  EXPECT_THAT(errors,
              ElementsAre("f.toml:2: auth.user_file: /none cannot be read: No such file or directory; check the path "
                          "and that the daemon's user may read it",
                          StartsWith("f.toml:3: auth.rest_secret_files: /none: No such file or directory; "),
                          HasSubstr("/empty: holds no secret; ")));
}

TEST_F(TurnSetupTest, RelayAddressesAreKnownByTheirExternalOnes) {
  const Prepared prepared = set_up_with(
      "[relay]\naddresses = [\"192.0.2.7\", \"2001:db8::7\"]\n"
      "external_addresses = [\"203.0.113.9\", \"2001:db8::7\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  const auto& relays = prepared.options.settings->relay_addresses;
  ASSERT_EQ(relays.size(), 2u);
  EXPECT_EQ(relays[0].local, kHostV4);
  EXPECT_EQ(relays[0].external, IpAddress::v4(203, 0, 113, 9));
  EXPECT_EQ(relays[1].external, kHostV6);
  for (const IpAddress& own : {kHostV4, kHostV6, relays[0].external}) {
    const auth::PeerVerdict verdict = prepared.options.settings->peer_policy->check(own);
    EXPECT_FALSE(verdict.allowed) << own.to_string() << " " << verdict.rule;
  }
}

TEST_F(TurnSetupTest, RelayAddressesThatCannotBeAreErrors) {
  EXPECT_THAT(set_up_with("[relay]\naddresses = [\"192.0.2.8\"]\n").findings.errors,
              ElementsAre("f.toml:2: relay.addresses: 192.0.2.8 is not an address of this host; choose from 192.0.2.7, "
                          "2001:db8::7; behind NAT the public one goes into relay.external_addresses"));
  EXPECT_THAT(set_up_with("[relay]\naddresses = [\"192.0.2.7\", \"192.0.2.7\"]\n").findings.errors,
              testing::Each("f.toml:2: relay.addresses: 192.0.2.7 is there more than once; keep one of them"));
  EXPECT_THAT(
      set_up_with("[relay]\naddresses = [\"192.0.2.7\"]\nexternal_addresses = [\"203.0.113.1\", \"203.0.113.2\"]\n")
          .findings.errors,
      ElementsAre("f.toml:3: relay.external_addresses: has 2 addresses for 1 relay addresses; give one for each of "
                  "relay.addresses, in the same order"));
  EXPECT_THAT(
      set_up_with("[relay]\naddresses = [\"192.0.2.7\"]\nexternal_addresses = [\"2001:db8::1\"]\n").findings.errors,
      ElementsAre("f.toml:3: relay.external_addresses: 2001:db8::1 is of another family than 192.0.2.7; keep the order "
                  "of relay.addresses"));
}

TEST_F(TurnSetupTest, LeftOpenRelayAddressesAreFoundAndOneOfAFamilyIsEnough) {
  const Prepared prepared = set_up_only("[auth]\nusers = [\"ann:secret\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_GE(prepared.options.settings->relay_addresses.size(), 1u);
  EXPECT_LE(prepared.options.settings->relay_addresses.size(), 2u);
}

TEST_F(TurnSetupTest, PortRangesMustHoldSomethingForEveryShard) {
  EXPECT_THAT(set_up_with("[relay]\nport_min = 60000\nport_max = 50000\n").findings.errors,
              ElementsAre("f.toml:2: relay.port_min: 60000 is above relay.port_max, which is 50000; swap them"));
  EXPECT_THAT(
      set_up_with("shards = 4\n[relay]\nport_min = 50000\nport_max = 50006\n").findings.errors,
      ElementsAre("f.toml:4: relay.port_max: leaves 7 ports for 4 shards, which need 2 each; widen the range, or set "
                  "shards lower"));
}

TEST_F(TurnSetupTest, TheRealmHasALimit) {
  EXPECT_THAT(set_up_with("[auth]\nrealm = \"\"\n").findings.errors,
              ElementsAre("f.toml:2: auth.realm: has 0 bytes; choose 1 to 128"));
}

TEST_F(TurnSetupTest, PeersAreDeniedByDefaultAndAllowedByRule) {
  const Prepared prepared = set_up_with("[peers]\nallow = [\"10.1.0.0/16\"]\ndeny = [\"198.51.100.0/24\"]\n");
  const auth::PeerPolicy& policy = *prepared.options.settings->peer_policy;
  EXPECT_FALSE(policy.check(IpAddress::v4(10, 2, 0, 1)).allowed);
  EXPECT_TRUE(policy.check(IpAddress::v4(10, 1, 0, 1)).allowed);
  EXPECT_FALSE(policy.check(IpAddress::v4(198, 51, 100, 1)).allowed);
  EXPECT_TRUE(policy.check(IpAddress::v4(8, 8, 8, 8)).allowed);
}

TEST_F(TurnSetupTest, UsersAreNotShownInAPrintedConfiguration) {
  set_up_only("[auth]\nusers = [\"ann:hunter2\"]\nrest_secrets = [\"hunter2\"]\n");
  EXPECT_THAT(table_.print("noom-turn"), testing::Not(HasSubstr("hunter2")));
}

TEST_F(TurnSetupTest, MobilityTicketsAreSealedUnderTheFirstOfTheKeyFilesAndOpenedByAll) {
  const std::string first(32, 'a');
  const std::string second(32, 'b');
  const Prepared prepared = set_up_with("[relay]\nmobility_key_files = [\"" + file("first", first + "\n") + "\", \"" +
                                        file("second", second) + "\"]\n");
  ASSERT_THAT(prepared.findings.errors, IsEmpty());
  const auth::TicketKeys& keys = *prepared.options.settings->ticket_keys;
  EXPECT_EQ(keys.seal({}), auth::TicketKeys(Secret(first)).seal({}));
  EXPECT_TRUE(keys.open(auth::TicketKeys(Secret(second)).seal({})));
  EXPECT_EQ(set_up_with("[relay]\nmobility_key_files = []\n").options.settings->ticket_keys, nullptr);
}

TEST_F(TurnSetupTest, AMobilityKeyThatIsMissingShortOrOpenIsNamed) {
  const std::string open = file("open", std::string(32, 'a'), 0644);
  const std::string guessable = file("short", "abc");
  const Prepared prepared =
      set_up_with("[relay]\nmobility_key_files = [\"/none\", \"" + open + "\", \"" + guessable + "\"]\n");
  EXPECT_THAT(prepared.findings.errors,
              ElementsAre(StartsWith("f.toml:2: relay.mobility_key_files: /none: No such file or directory; "),
                          HasSubstr("short has a secret shorter than 32 characters; make one")));
  EXPECT_THAT(prepared.findings.warnings, ElementsAre(HasSubstr(open + " can be read by others; chmod 600 " + open)));
}

}  // namespace
}  // namespace noom::turn

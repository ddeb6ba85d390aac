// Which certificates a listener shows, every way in which tls.* can be wrong, and the change of all or none.
#include "turn/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/clocks.h"
#include "common/ops/text_file.h"
#include "tests/unit/common/io/certificate.h"
#include "turn/reload.h"

namespace noom::turn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kBase =
    "[auth]\nusers = [\"ann:secret\"]\n[relay]\naddresses = [\"127.0.0.1\"]\n"
    "[listen]\nudp = []\ntcp = []\ntls = [\"127.0.0.1:0\", \"127.0.0.2:0\"]\n[tls]\n";

class TurnCertificates : public testing::Test {
 protected:
  Prepared set_up_with(const std::string& tls) {
    EXPECT_THAT(table_.load_toml(std::string(kBase) + tls, "f.toml"), IsEmpty());
    return prepare(config_, table_, {}, io::read_clocks().wall);
  }
  std::string of(const io::TestCertificate& certificate) {
    return "certificate = \"" + certificate.files().certificate_file + "\"\nkey = \"" + certificate.files().key_file +
           "\"\n";
  }
  Config config_;
  ops::ConfigTable table_ = config_table(config_);
};

TEST_F(TurnCertificates, TlsListenersNeedACertificateThatLoads) {
  EXPECT_THAT(set_up_with("").findings.errors, ElementsAre(StartsWith("tls.certificate (default): ")));
  EXPECT_THAT(set_up_with("certificate = \"/none.pem\"\nkey = \"/none.key\"\n").findings.errors,
              ElementsAre(AllOf(StartsWith("f.toml:10: tls.certificate: "), HasSubstr("/none.pem"), HasSubstr("; "))));
  const io::TestCertificate certificate;
  EXPECT_THAT(set_up_with("certificate = \"" + certificate.files().certificate_file + "\"\nkey = \"/none.key\"\n")
                  .findings.errors,
              ElementsAre(AllOf(StartsWith("f.toml:11: tls.key: "), HasSubstr("/none.key"), HasSubstr("; "))));
}

TEST_F(TurnCertificates, AFurtherCertificateIsNamedByItsEntry) {
  const io::TestCertificate first, second;
  const std::string mixed = first.files().certificate_file + ":" + second.files().key_file;
  EXPECT_THAT(
      set_up_with(of(first) + "further_certificates = [\"" + second.pair() + "\", \"/none.pem\", \"" + mixed +
                  "\", \"/none.pem:/none.key\"]\n")
          .findings.errors,
      ElementsAre("f.toml:12: tls.further_certificates: entry 2: is not the certificate's path, a colon and its "
                  "key's path; write it as \"/etc/noom/example.org.pem:/etc/noom/example.org.key\"",
                  AllOf(StartsWith("f.toml:12: tls.further_certificates: entry 3: key "),
                        HasSubstr("does not belong to certificate")),
                  StartsWith("f.toml:12: tls.further_certificates: entry 4: certificate /none.pem: ")));
}

TEST_F(TurnCertificates, AListenersOwnCertificatesNeedAListenerWithTls) {
  const io::TestCertificate certificate;
  for (const std::string place : {"", "tls://127.0.0.3:0=", "tcp://127.0.0.1:0="})
    EXPECT_THAT(set_up_with(of(certificate) + "listener_certificates = [\"" + place + certificate.pair() + "\"]\n")
                    .findings.errors,
                ElementsAre(HasSubstr("tls.listener_certificates: entry 1: names no listener with TLS; ")))
        << place;
}

TEST_F(TurnCertificates, AListenerShowsItsOwnAndTheOtherTheDefault) {
  const io::TestCertificate everywhere("DNS:a.example"), own("DNS:b.example");
  const Prepared prepared =
      set_up_with(of(everywhere) + "listener_certificates = [\"tls://127.0.0.2:0=" + own.pair() + "\"]\n");
  ASSERT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_THAT(prepared.findings.warnings, IsEmpty());
  ASSERT_EQ(prepared.tls.size(), 2U);
  EXPECT_NE(prepared.tls[0]->get(), prepared.tls[1]->get());
  EXPECT_EQ(prepared.options.listeners[1].tls, prepared.tls[1]);
}

TEST_F(TurnCertificates, WithOwnCertificatesForEveryListenerThereNeedBeNoDefault) {
  const io::TestCertificate own;
  EXPECT_THAT(set_up_with("listener_certificates = [\"tls://127.0.0.1:0=" + own.pair() +
                          "\", \"tls://127.0.0.2:0=" + own.pair() + "\"]\n")
                  .findings.errors,
              IsEmpty());
}

TEST_F(TurnCertificates, ExpiredAndUnusedOnesAreWarnedAboutOnce) {
  const io::TestCertificate first("DNS:a.example"), same("DNS:a.example");
  EXPECT_THAT(set_up_with(of(first) + "further_certificates = [\"" + same.pair() + "\"]\n").findings.warnings,
              ElementsAre(HasSubstr("is never shown")));
  const Wall later = io::read_clocks().wall + std::chrono::hours(24 * 365 * 20);
  EXPECT_THAT(prepare(config_, table_, {}, later).findings.warnings,
              ElementsAre(AllOf(HasSubstr("tls.certificate: certificate "), HasSubstr("expired on")),
                          AllOf(HasSubstr("tls.further_certificates: entry 1: "), HasSubstr("expired on")),
                          HasSubstr("is never shown")));
}

TEST_F(TurnCertificates, AReloadTakesAllOfThemOrNone) {
  const io::TestCertificate first("DNS:a.example"), second("DNS:b.example");
  const std::string tls = of(first) + "further_certificates = [\"" + second.pair() + "\"]\n";
  const Prepared prepared = set_up_with(tls);
  ASSERT_THAT(prepared.findings.errors, IsEmpty());
  const auto load = [&](ops::ConfigTable& fresh) { return fresh.load_toml(std::string(kBase) + tls, "f.toml"); };
  const Reload good = read_again(config_, table_, *prepared.options.settings, load, {}, io::read_clocks().wall);
  EXPECT_THAT(good.findings.errors, IsEmpty());
  ASSERT_EQ(good.certificates.size(), 2U);
  EXPECT_NE(good.certificates[0], prepared.tls[0]->get());
  EXPECT_EQ(good.certificates[0], good.certificates[1]);
  ASSERT_TRUE(ops::write_text_file_atomically(second.files().certificate_file, "gone").ok());
  const Reload bad = read_again(config_, table_, *prepared.options.settings, load, {}, io::read_clocks().wall);
  EXPECT_THAT(bad.findings.errors,
              ElementsAre(StartsWith("f.toml:12: tls.further_certificates: entry 1: certificate ")));
  EXPECT_THAT(bad.certificates, IsEmpty());
}

}  // namespace
}  // namespace noom::turn

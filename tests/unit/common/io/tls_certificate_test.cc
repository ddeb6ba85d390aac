#include "common/io/tls_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/clocks.h"
#include "tests/unit/common/io/certificate.h"

namespace noom::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointee;

std::shared_ptr<const TlsCertificate> load(const TestCertificate& certificate) {
  return TlsCertificate::load(certificate.files(), read_clocks().wall).value();
}

TEST(TlsCertificate, ItsNamesAreTheDnsNamesOfItsSubjectAltName) {
  EXPECT_THAT(load(TestCertificate("DNS:Turn.Example.ORG,IP:127.0.0.1,DNS:*.example.net"))->names(),
              ElementsAre("turn.example.org", "*.example.net"));
  EXPECT_THAT(load(TestCertificate())->names(), IsEmpty());
}

TEST(TlsCertificate, ErrorsAboutTheKeyBeginWithIt) {
  const TestCertificate one;
  const TestCertificate other("", true);
  const auto mixed = TlsCertificate::load({one.files().certificate_file, other.files().key_file}, {});
  EXPECT_THAT(std::string(mixed.status().message()), testing::StartsWith("key " + other.files().key_file));
}

TEST(ServerNames, ANameIsFoundInAnyCaseAndWithAFinalDot) {
  // RFC 6066 §3: server names are compared without regard to case; an unknown one need not end the connection.
  const ServerNames names({load(TestCertificate("DNS:a.example")), load(TestCertificate("DNS:b.example"))});
  EXPECT_THAT(names.find("b.example"), Pointee(ElementsAre(1)));
  EXPECT_THAT(names.find("B.Example."), Pointee(ElementsAre(1)));
  EXPECT_EQ(names.find("c.example"), nullptr);
  EXPECT_EQ(names.find(""), nullptr);
  EXPECT_THAT(names.fallback(), ElementsAre(0));
}

TEST(ServerNames, AWildcardStandsForOneLabelAndLosesAgainstTheNameItself) {
  // RFC 9525 §6.3: a wildcard is the whole left-most label and stands for one label.
  const ServerNames names({load(TestCertificate("DNS:*.example.org")), load(TestCertificate("DNS:turn.example.org"))});
  EXPECT_THAT(names.find("turn.example.org"), Pointee(ElementsAre(1)));
  EXPECT_THAT(names.find("other.example.org"), Pointee(ElementsAre(0)));
  EXPECT_EQ(names.find("a.b.example.org"), nullptr);
  EXPECT_EQ(names.find("example.org"), nullptr);
  EXPECT_EQ(names.find(".example.org"), nullptr);
  EXPECT_EQ(names.find("*.example.org"), nullptr);
}

TEST(ServerNames, KeysOfTwoKindsStandBesideEachOther) {
  const ServerNames names({load(TestCertificate("DNS:a.example")), load(TestCertificate("DNS:a.example", true))});
  EXPECT_THAT(names.find("a.example"), Pointee(ElementsAre(0, 1)));
  EXPECT_THAT(names.fallback(), ElementsAre(0, 1));
  EXPECT_THAT(names.warnings(), IsEmpty());
}

TEST(ServerNames, TheFallbackTakesNoCertificateThatLacksANameOfTheFirst) {
  const ServerNames names(
      {load(TestCertificate("DNS:a.example,DNS:b.example")), load(TestCertificate("DNS:a.example", true))});
  EXPECT_THAT(names.fallback(), ElementsAre(0));
  EXPECT_THAT(names.find("a.example"), Pointee(ElementsAre(0, 1)));
  const ServerNames nameless({load(TestCertificate()), load(TestCertificate("DNS:a.example", true))});
  EXPECT_THAT(nameless.fallback(), ElementsAre(0));
}

TEST(ServerNames, ACertificateThatIsNeverShownIsWarnedAbout) {
  const ServerNames names(
      {load(TestCertificate("DNS:a.example")), load(TestCertificate("DNS:a.example")), load(TestCertificate())});
  EXPECT_THAT(names.warnings(), ElementsAre(HasSubstr("those before it have all its names; remove it"),
                                            HasSubstr("it names no host; remove it")));
}

}  // namespace
}  // namespace noom::io

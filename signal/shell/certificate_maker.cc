// OpenSSL's side of development certificates.
#include "signal/shell/certificate_maker.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/io/fd.h"

namespace noom::signal {
namespace {

// Where the CA may sign whatever the machine is called: names and addresses that nobody owns on the internet.
constexpr std::string_view kPrivateSubtrees =
    "permitted;DNS:localhost,permitted;DNS:local,permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:10.0.0.0/255.0.0.0,"
    "permitted;IP:172.16.0.0/255.240.0.0,permitted;IP:192.168.0.0/255.255.0.0,permitted;IP:100.64.0.0/255.192.0.0,"
    "permitted;IP:169.254.0.0/255.255.0.0,permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,permitted;IP:fc00::/"
    "fe00::,"
    "permitted;IP:fe80::/ffc0::";

struct BioDelete {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDelete>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

absl::Status openssl_failed(const char* what) {
  return absl::InternalError(std::string("OpenSSL could not ") + what);
}

bool set_times(X509* certificate, Wall from, Wall until) {
  // An hour of grace for phones whose clock is behind.
  return ASN1_TIME_set(X509_getm_notBefore(certificate), unix_seconds(from) - 3600) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), unix_seconds(until)) != nullptr;
}

bool set_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), &BN_free);
  return serial && BN_rand(serial.get(), 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [subject](const char* field, const std::string& text) {
    return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  return add("O", "Noom development") && add("CN", common_name.substr(0, 64));
}

std::string mask_of(const IpAddress& address) {
  return address.is_v4() ? "255.255.255.255" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
}

std::string permitted_subtrees(const DevNames& names) {
  std::string value = "critical," + std::string(kPrivateSubtrees);
  for (const std::string& host : names.hosts) value += ",permitted;DNS:" + host;
  for (const IpAddress& address : names.addresses)
    value += ",permitted;IP:" + address.to_string() + "/" + mask_of(address);
  return value;
}

std::string alternative_names(const DevNames& names) {
  std::string value;
  for (const std::string& host : names.hosts) value += (value.empty() ? "DNS:" : ",DNS:") + host;
  for (const IpAddress& address : names.addresses) value += (value.empty() ? "IP:" : ",IP:") + address.to_string();
  return value;
}

// A certificate without extensions and signature, and its key.
absl::StatusOr<Issued> begin(const std::string& common_name, Wall from, Wall until) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  if (key == nullptr || certificate == nullptr) {
    EVP_PKEY_free(key);
    X509_free(certificate);
    return openssl_failed("make a key");
  }
  Issued issued(certificate, key);
  const bool ok = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                  set_times(certificate, from, until) && X509_set_pubkey(certificate, key) == 1 &&
                  set_subject(certificate, common_name);
  if (!ok) return openssl_failed("begin a certificate");
  return issued;
}

absl::Status write_file(const std::string& path, const std::string& content, mode_t mode) {
  const auto failed = [&path] { return absl::PermissionDeniedError(path + ": " + std::strerror(errno)); };
  const std::string draft = path + ".new";
  if (::unlink(draft.c_str()) != 0 && errno != ENOENT) return failed();
  io::Fd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return failed();
  for (size_t at = 0; at < content.size();) {
    const ssize_t written = ::write(fd.get(), content.data() + at, content.size() - at);
    if (written < 0) return failed();
    at += static_cast<size_t>(written);
  }
  if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) return failed();
  fd.reset();
  if (std::rename(draft.c_str(), path.c_str()) != 0) return failed();
  return absl::OkStatus();
}

}  // namespace

Issued::Issued(X509* certificate, EVP_PKEY* key) : certificate_(certificate, &X509_free), key_(key, &EVP_PKEY_free) {}

absl::StatusOr<Issued> Issued::load(const std::string& certificate_file, const std::string& key_file) {
  const Bio certificate_bio(BIO_new_file(certificate_file.c_str(), "r"));
  const Bio key_bio(BIO_new_file(key_file.c_str(), "r"));
  if (!certificate_bio || !key_bio)
    return absl::NotFoundError(certificate_file + " or " + key_file + " cannot be opened");
  Issued issued(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr),
                PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  if (issued.certificate() == nullptr || issued.key() == nullptr ||
      X509_check_private_key(issued.certificate(), issued.key()) != 1) {
    return absl::InvalidArgumentError(certificate_file + " and " + key_file + " do not belong together");
  }
  return issued;
}

std::string Issued::certificate_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate());
  return text_of(bio.get());
}

std::string Issued::key_pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PrivateKey(bio.get(), key(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

bool Issued::is_valid_until(Wall then) const {
  time_t seconds = unix_seconds(then);
  return X509_cmp_time(X509_get0_notAfter(certificate()), &seconds) > 0;
}

bool Issued::covers(const DevNames& names) const {
  for (const std::string& host : names.hosts) {
    if (X509_check_host(certificate(), host.data(), host.size(), 0, nullptr) != 1) return false;
  }
  for (const IpAddress& address : names.addresses) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(address.bytes().data());
    if (X509_check_ip(certificate(), bytes, address.bytes().size(), 0) != 1) return false;
  }
  return true;
}

bool Issued::verifies_under(const Issued& ca, Wall now) const {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                &X509_STORE_CTX_free);
  if (!store || !context || X509_STORE_add_cert(store.get(), ca.certificate()) != 1) return false;
  if (X509_STORE_CTX_init(context.get(), store.get(), certificate(), nullptr) != 1) return false;
  X509_STORE_CTX_set_time(context.get(), 0, unix_seconds(now));
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  return X509_verify_cert(context.get()) == 1;
}

absl::StatusOr<Issued> issue_ca(const DevNames& names, Wall from, Wall until) {
  auto ca = begin("Noom development CA on " + names.hosts.back(), from, until);
  if (!ca.ok()) return ca;
  X509* certificate = ca->certificate();
  const bool ok = X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                  add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
                  add_extension(certificate, certificate, NID_name_constraints, permitted_subtrees(names)) &&
                  X509_sign(certificate, ca->key(), EVP_sha256()) > 0;
  if (!ok) return openssl_failed("issue the CA certificate");
  return ca;
}

absl::StatusOr<Issued> issue_leaf(const Issued& ca, const DevNames& names, Wall from, Wall until) {
  auto leaf = begin(names.hosts.back(), from, until);
  if (!leaf.ok()) return leaf;
  X509* certificate = leaf->certificate();
  const bool ok = X509_set_issuer_name(certificate, X509_get_subject_name(ca.certificate())) == 1 &&
                  add_extension(certificate, ca.certificate(), NID_basic_constraints, "critical,CA:FALSE") &&
                  add_extension(certificate, ca.certificate(), NID_key_usage, "critical,digitalSignature") &&
                  add_extension(certificate, ca.certificate(), NID_ext_key_usage, "serverAuth") &&
                  add_extension(certificate, ca.certificate(), NID_subject_key_identifier, "hash") &&
                  add_extension(certificate, ca.certificate(), NID_authority_key_identifier, "keyid:always") &&
                  add_extension(certificate, ca.certificate(), NID_subject_alt_name, alternative_names(names)) &&
                  X509_sign(certificate, ca.key(), EVP_sha256()) > 0;
  if (!ok) return openssl_failed("issue the certificate");
  return leaf;
}

absl::Status write_private_file(const std::string& path, const std::string& content) {
  return write_file(path, content, 0600);
}
absl::Status write_public_file(const std::string& path, const std::string& content) {
  return write_file(path, content, 0644);
}

}  // namespace noom::signal

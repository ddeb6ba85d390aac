// A self-signed certificate and its key, as two files of a directory that lives as long as the object.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/io/tls_context.h"

namespace noom::io {

class TestCertificate {
 public:
  // For 127.0.0.1, ECDSA.
  TestCertificate() : TestCertificate("") {}
  // `names`: its subjectAltNames, "DNS:turn.example.org,DNS:*.example.net"; none when empty.
  explicit TestCertificate(const std::string& names, bool rsa = false) {
    std::string pattern = (std::filesystem::temp_directory_path() / "noom-certificate-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    EVP_PKEY* key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60L * 60 * 24 * 365);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    if (!names.empty()) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    write(options().certificate_file, [&](FILE* file) { PEM_write_X509(file, certificate); });
    write(options().key_file,
          [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TestCertificate() { std::filesystem::remove_all(directory_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  CertificateFiles files() const { return {directory_ + "/server.pem", directory_ + "/server.key"}; }
  // "CERTIFICATE:KEY"
  std::string pair() const { return files().certificate_file + ":" + files().key_file; }
  TlsOptions options() const {
    return {.certificate_file = directory_ + "/server.pem", .key_file = directory_ + "/server.key", .alpn = {}};
  }

 private:
  template <typename F>
  static void write(const std::string& path, F&& content) {
    FILE* file = std::fopen(path.c_str(), "w");
    content(file);
    std::fclose(file);
  }
  std::string directory_;
};

}  // namespace noom::io

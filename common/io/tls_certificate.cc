#include "common/io/tls_certificate.h"

#include <absl/strings/str_cat.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace noom::io {

namespace {

absl::Status check_readable(const std::string& what, const std::string& file) {
  if (file.empty())
    return absl::InvalidArgumentError(absl::StrCat("no ", what, " file is configured; name a PEM file"));
  if (::access(file.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(what, " ", file, ": ", std::strerror(errno),
                                          "; the file must exist and be readable by the daemon's user"));
}

Wall to_wall(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return Wall(std::chrono::seconds(::timegm(&broken_down)));
}

std::string date_text(const ASN1_TIME* time) {
  std::tm broken_down{};
  char text[32] = "an unreadable date";
  if (ASN1_TIME_to_tm(time, &broken_down) == 1) std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &broken_down);
  return text;
}

absl::Status load_files(SSL_CTX* context, const CertificateFiles& files) {
  if (absl::Status status = check_readable("certificate", files.certificate_file); !status.ok()) return status;
  if (absl::Status status = check_readable("key", files.key_file); !status.ok()) return status;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", files.certificate_file, ": ", take_tls_reason(),
                     "; give a PEM file with the server's certificate first, then its chain"));
  }
  const bool loaded = SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  // A key of another algorithm loads, and stands there without a certificate.
  if (loaded ? SSL_CTX_check_private_key(context) != 1
             : reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat("key ", files.key_file, " does not belong to certificate ",
                                                   files.certificate_file, "; renew both together"));
  }
  if (!loaded) {
    return absl::InvalidArgumentError(absl::StrCat("key ", files.key_file, ": ", take_tls_reason(),
                                                   "; give the unencrypted PEM key of the certificate"));
  }
  return absl::OkStatus();
}

// A name as it is compared.
std::string folded(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::vector<std::string> dns_names(const X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    int kind = 0;
    const auto* text = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &kind));
    if (kind != GEN_DNS) continue;
    names.push_back(folded(
        {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text))}));
  }
  GENERAL_NAMES_free(all);
  return names;
}

}  // namespace

std::string take_tls_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

TlsCertificate::~TlsCertificate() {
  SSL_CTX_free(loaded_);
}

absl::StatusOr<std::shared_ptr<const TlsCertificate>> TlsCertificate::load(const CertificateFiles& files, Wall now) {
  std::shared_ptr<TlsCertificate> result(new TlsCertificate);
  result->loaded_ = SSL_CTX_new(TLS_server_method());
  if (result->loaded_ == nullptr) return absl::InternalError(absl::StrCat("TLS: ", take_tls_reason()));
  if (absl::Status status = load_files(result->loaded_, files); !status.ok()) return status;
  result->file_ = files.certificate_file;
  result->names_ = dns_names(SSL_CTX_get0_certificate(result->loaded_));
  result->key_type_ = EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(result->loaded_));
  result->check_dates(now);
  return result;
}

void TlsCertificate::check_dates(Wall now) {
  const X509* certificate = SSL_CTX_get0_certificate(loaded_);
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  not_after_ = to_wall(end);
  if (not_after_ <= now)
    warnings_.push_back(
        absl::StrCat("certificate ", file_, " expired on ", date_text(end), "; clients will refuse it: renew it"));
  if (to_wall(begin) > now)
    warnings_.push_back(
        absl::StrCat("certificate ", file_, " is not valid before ", date_text(begin), "; check this host's clock"));
}

absl::Status TlsCertificate::add_to(SSL_CTX* context) const {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(loaded_, &chain);
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(context, SSL_CTX_get0_certificate(loaded_), SSL_CTX_get0_privatekey(loaded_), chain,
                               1) == 1)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("certificate ", file_, ": ", take_tls_reason(), "; give another certificate"));
}

ServerNames::ServerNames(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates) {
  const auto answer_for = [this](std::string_view name) -> Answer& {
    const auto at = std::ranges::lower_bound(by_name_, name, {}, &std::pair<std::string, Answer>::first);
    if (at != by_name_.end() && at->first == name) return at->second;
    return by_name_.insert(at, {std::string(name), {}})->second;
  };
  const auto add = [&](Answer& answer, size_t index) {
    const bool there = std::ranges::any_of(
        answer, [&](size_t other) { return certificates[other]->key_type() == certificates[index]->key_type(); });
    if (!there) answer.push_back(index);
    return !there;
  };
  for (size_t i = 0; i < certificates.size(); ++i) {
    const std::vector<std::string>& names = certificates[i]->names();
    bool used = i == 0;
    for (const std::string& name : names) used |= add(answer_for(name), i);
    const std::vector<std::string>& first = certificates[0]->names();
    const auto is_mine = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
    if (i == 0 || (!first.empty() && std::ranges::all_of(first, is_mine))) used |= add(fallback_, i);
    if (!used)
      warnings_.push_back(absl::StrCat("certificate ", certificates[i]->file(), " is never shown: ",
                                       names.empty() ? "it names no host" : "those before it have all its names",
                                       "; remove it, or put it first"));
  }
}

const ServerNames::Answer* ServerNames::find(std::string_view name) const {
  const std::string wanted = folded(name);
  const auto look_up = [this](std::string_view key) -> const Answer* {
    const auto at = std::ranges::lower_bound(by_name_, key, {}, &std::pair<std::string, Answer>::first);
    return at != by_name_.end() && at->first == key ? &at->second : nullptr;
  };
  if (wanted.starts_with('*')) return nullptr;
  if (const Answer* exact = look_up(wanted)) return exact;
  const size_t dot = wanted.find('.');
  return dot == wanted.npos || dot == 0 ? nullptr : look_up("*" + wanted.substr(dot));
}

std::vector<ServerNames::Answer> ServerNames::all() const {
  std::vector<Answer> answers = {fallback_};
  for (const auto& [name, answer] : by_name_)
    if (std::ranges::find(answers, answer) == answers.end()) answers.push_back(answer);
  return answers;
}

}  // namespace noom::io

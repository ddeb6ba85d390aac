#include "turn/certificates.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "turn/listeners.h"

namespace noom::turn {
namespace {

using Certificate = std::shared_ptr<const io::TlsCertificate>;
using Context = std::shared_ptr<const io::TlsContext>;

constexpr std::string_view kFurther = "tls.further_certificates";
constexpr std::string_view kOfListeners = "tls.listener_certificates";

io::TlsMethod method_of(const Listener& listener) {
  return is_stream(listener.transport) ? io::TlsMethod::kStream : io::TlsMethod::kDatagram;
}

// "/etc/noom/a.pem:/etc/noom/a.key"
std::optional<io::CertificateFiles> parse_pair(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size() || text.find(':', colon + 1) != text.npos)
    return std::nullopt;
  return io::CertificateFiles{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

class Loading {
 public:
  Loading(const Config& config, const ops::ConfigTable& table, const std::vector<Listener>& listeners, Wall now,
          ops::Findings& findings)
      : config_(config), table_(table), listeners_(listeners), now_(now), findings_(findings) {}

  std::vector<std::shared_ptr<io::TlsContextSlot>> slots();

 private:
  // What one or more listeners show, and the key that decides it.
  struct Set {
    std::string_view key;
    std::vector<Certificate> certificates;
    std::map<io::TlsMethod, Context> contexts = {};
  };

  void add_default();
  void add_entry(Set& set, std::string_view key, const std::string& place, std::string_view pair);
  void add_listener_sets();
  void add(Set& set, const io::CertificateFiles& files, std::string_view certificate_key, std::string_view key_key,
           const std::string& place);
  Context context(Set& set, io::TlsMethod method);

  const Config& config_;
  const ops::ConfigTable& table_;
  const std::vector<Listener>& listeners_;
  const Wall now_;
  ops::Findings& findings_;
  Set default_{"tls.certificate", {}};
  std::map<size_t, Set> own_;  // by listener
};

// `place` is empty, or says which entry of the key: "entry 2: ".
void Loading::add(Set& set, const io::CertificateFiles& files, std::string_view certificate_key,
                  std::string_view key_key, const std::string& place) {
  auto loaded = io::TlsCertificate::load(files, now_);
  if (!loaded.ok()) {
    const std::string message(loaded.status().message());
    const bool about_key = message.starts_with("key ") || message.starts_with("no key ");
    findings_.errors.push_back(table_.fault(about_key ? key_key : certificate_key, place + message));
    return;
  }
  for (const std::string& warning : (*loaded)->warnings())
    findings_.warnings.push_back(table_.fault(certificate_key, place + warning));
  set.certificates.push_back(*std::move(loaded));
}

void Loading::add_entry(Set& set, std::string_view key, const std::string& place, std::string_view pair) {
  const auto files = parse_pair(pair);
  if (!files)
    return findings_.errors.push_back(
        table_.fault(key, place + "is not the certificate's path, a colon and its key's path",
                     "write it as \"/etc/noom/example.org.pem:/etc/noom/example.org.key\""));
  add(set, *files, key, key, place);
}

void Loading::add_default() {
  add(default_, {config_.tls_certificate, config_.tls_key}, "tls.certificate", "tls.key", "");
  size_t number = 0;
  for (const std::string& pair : config_.further_certificates)
    add_entry(default_, kFurther, "entry " + std::to_string(++number) + ": ", pair);
}

void Loading::add_listener_sets() {
  size_t number = 0;
  for (const std::string& entry : config_.listener_certificates) {
    const std::string place = "entry " + std::to_string(++number) + ": ";
    const size_t equals = entry.find('=');
    const auto listener = find_listener(listeners_, std::string_view(entry).substr(0, equals));
    if (equals == entry.npos || !listener || !needs_certificate(listeners_[*listener])) {
      findings_.errors.push_back(
          table_.fault(kOfListeners, place + "names no listener with TLS",
                       "write it as \"tls://0.0.0.0:5349=/etc/noom/example.org.pem:/etc/noom/example.org.key\""));
      continue;
    }
    Set& set = own_.try_emplace(*listener, Set{kOfListeners, {}}).first->second;
    add_entry(set, kOfListeners, place, std::string_view(entry).substr(equals + 1));
  }
}

Context Loading::context(Set& set, io::TlsMethod method) {
  if (set.certificates.empty()) return nullptr;  // none loaded: an error already
  if (const auto made = set.contexts.find(method); made != set.contexts.end()) return made->second;
  auto context = io::TlsContext::make(set.certificates, {"stun.turn", "stun.nat-discovery"}, method);  // RFC 7443 §3
  if (!context.ok()) {
    findings_.errors.push_back(table_.fault(set.key, std::string(context.status().message())));
    return nullptr;
  }
  if (set.contexts.empty())
    for (const std::string& warning : (*context)->name_warnings())
      findings_.warnings.push_back(table_.fault(set.key, warning));
  set.contexts.emplace(method, *context);
  return *context;
}

std::vector<std::shared_ptr<io::TlsContextSlot>> Loading::slots() {
  add_listener_sets();
  std::vector<std::shared_ptr<io::TlsContextSlot>> slots(listeners_.size());
  bool default_loaded = false;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (!needs_certificate(listeners_[i])) continue;
    const auto own = own_.find(i);
    if (own == own_.end() && !std::exchange(default_loaded, true)) add_default();
    Set& set = own == own_.end() ? default_ : own->second;
    slots[i] = std::make_shared<io::TlsContextSlot>(context(set, method_of(listeners_[i])));
  }
  return slots;
}

}  // namespace

bool needs_certificate(const Listener& listener) {
  return listener.transport == Transport::kTls || listener.transport == Transport::kDtls || listener.or_tls;
}

std::vector<std::shared_ptr<io::TlsContextSlot>> load_certificates(const Config& config, const ops::ConfigTable& table,
                                                                   const std::vector<Listener>& listeners, Wall now,
                                                                   ops::Findings& findings) {
  return Loading(config, table, listeners, now, findings).slots();
}

}  // namespace noom::turn

// The steps of setup.h's prepare(), by what they are about: setup.cc, setup_credentials.cc, setup_relays.cc. Private to
// them.
#pragma once

#include "turn/setup.h"

namespace noom::turn {

// One pass over the configuration: what each step finds wrong goes into `findings`, with the key it is about.
class Preparation {
 public:
  Preparation(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host)
      : config_(config), table_(table), host_(host) {}

  void error(std::string_view key, std::string_view what, std::string_view remedy) {
    findings.errors.push_back(table_.fault(key, what, remedy));
  }
  void warning(std::string_view key, std::string_view what, std::string_view remedy) {
    findings.warnings.push_back(table_.fault(key, what, remedy));
  }
  void load_credentials(auth::CredentialStore& store);
  std::vector<RelayAddress> relay_addresses();
  std::vector<std::vector<RelayAddress>> listener_relays(const std::vector<RelayAddress>& relays);
  void check_ports();
  void check_realm(std::string_view key, const std::string& realm);
  std::vector<std::string> listener_realms();
  void check_alternates();
  std::shared_ptr<const auth::TokenKeys> token_keys();
  std::shared_ptr<const auth::TicketKeys> ticket_keys();
  void check_cluster();
  Secret admin_token();

  ops::Findings findings;
  std::vector<Listener> listeners;
  std::vector<ExternalUse> external_uses;

 private:
  void add_user(auth::CredentialStore& store, std::string_view key, std::string_view entry, const std::string& place);
  void load_user_file(auth::CredentialStore& store);
  void load_rest_secrets(auth::CredentialStore& store);
  void check_relay_address(const IpAddress& address);
  std::vector<IpAddress> detect_relay_addresses();
  void set_external(std::string_view key, RelayAddress& relay, const ExternalSource& source,
                    std::optional<size_t> listener, size_t index);

  Config& config_;
  const ops::ConfigTable& table_;
  const std::vector<io::LocalAddress>& host_;
};

}  // namespace noom::turn

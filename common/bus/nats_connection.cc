#include "common/bus/nats_connection.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <nats/nats.h>
#include <openssl/ssl.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace noom::bus {
namespace {

// For callbacks under way at a connection's end. They only hand over, so more is a fault of libnats.
constexpr std::chrono::seconds kCallbackGrace(5);
constexpr int64_t kLibraryGraceMs = 5000;

int64_t milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

// What libnats says about its last failure on this thread.
absl::Status failure(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  std::string text = natsStatus_GetText(status);
  if (detail != nullptr && last == status && *detail != 0 && text != detail) absl::StrAppend(&text, ": ", detail);
  return absl::UnavailableError(text);
}

absl::Status to_status(natsStatus status) {
  return status == NATS_OK ? absl::OkStatus() : failure(status);
}

std::string host_of(std::string_view server) {
  const size_t scheme = server.find("://");
  std::string_view host = scheme == std::string_view::npos ? server : server.substr(scheme + 3);
  if (!host.empty() && host.front() == '[') return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

struct OptionsDeleter {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using OptionsPtr = std::unique_ptr<natsOptions, OptionsDeleter>;

natsStatus set_login(natsOptions* to, const NatsLogin& login) {
  natsStatus status = NATS_OK;
  if (!login.user.empty())
    status = natsOptions_SetUserInfo(to, login.user.c_str(), std::string(login.password.reveal()).c_str());
  if (status == NATS_OK && !login.token.empty())
    status = natsOptions_SetToken(to, std::string(login.token.reveal()).c_str());
  if (status == NATS_OK && !login.credentials_file.empty())
    status = natsOptions_SetUserCredentialsFromFiles(to, login.credentials_file.c_str(), nullptr);
  if (status == NATS_OK && !login.nkey.empty())
    status = natsOptions_SetNKeyFromSeed(to, login.nkey.c_str(), login.nkey_seed_file.c_str());
  return status;
}

natsStatus set_tls(natsOptions* to, const NatsTls& tls, const std::string& host) {
  natsStatus status = natsOptions_SetSecure(to, true);
  if (status == NATS_OK && !tls.ca_file.empty())
    status = natsOptions_LoadCATrustedCertificates(to, tls.ca_file.c_str());
  if (status == NATS_OK && !tls.certificate.empty())
    status = natsOptions_LoadCertificatesChain(to, tls.certificate.c_str(), tls.key.c_str());
  if (status == NATS_OK && !tls.verify) return natsOptions_SkipServerVerification(to, true);
  return status == NATS_OK ? natsOptions_SetExpectedHostname(to, host.c_str()) : status;
}

std::mutex library_mutex;
size_t library_users = 0;

}  // namespace

// Shared with libnats' threads.
struct NatsConnection::Callbacks {
  explicit Callbacks(NatsListener& to) : listener(to) {}

  static void on_closed(natsConnection* connection, void* self) {
    auto& callbacks = *static_cast<Callbacks*>(self);
    const char* text = nullptr;
    std::string reason = natsStatus_GetText(natsConnection_GetLastError(connection, &text));
    if (text != nullptr && *text != 0) reason = text;
    if (reason == natsStatus_GetText(NATS_OK)) reason = "the server closed the connection";
    callbacks.listener.on_closed(std::move(reason));
    callbacks.leave(callbacks.closing);
  }
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* self) {
    if (status == NATS_SLOW_CONSUMER) static_cast<Callbacks*>(self)->listener.on_dropped();
  }
  // Nothing of this is touched after the last one has left.
  void leave(int& users) {
    const std::lock_guard lock(mutex);
    --users;
    changed.notify_all();
  }

  NatsListener& listener;
  natsConnection* connection = nullptr;
  std::mutex mutex;
  std::condition_variable changed;
  int closing = 1;
  int subscriptions = 0;
};

struct NatsConnection::Subscription {
  Callbacks& callbacks;
  size_t index;
  natsSubscription* handle = nullptr;

  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
    const auto& subscription = *static_cast<Subscription*>(self);
    const int size = natsMsg_GetDataLength(message);
    subscription.callbacks.listener.on_message(subscription.index,
                                               {natsMsg_GetData(message), static_cast<size_t>(size)});
    natsMsg_Destroy(message);
  }
  static void on_complete(void* self) {
    Callbacks& callbacks = static_cast<Subscription*>(self)->callbacks;
    callbacks.leave(callbacks.subscriptions);
  }
};

NatsConnection::NatsConnection() = default;

absl::StatusOr<std::unique_ptr<NatsConnection>> NatsConnection::open(const NatsOptions& options,
                                                                     const std::string& server,
                                                                     NatsListener& listener) {
  NatsLogin login;
  if (options.login) {
    absl::StatusOr<NatsLogin> found = options.login();
    if (!found.ok()) return found.status();
    login = *std::move(found);
  }
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  if (status != NATS_OK) return failure(status);
  const OptionsPtr to(made);
  std::unique_ptr<NatsConnection> opened(new NatsConnection);
  opened->callbacks_ = std::make_unique<Callbacks>(listener);
  // Written out plainly: the first failure counts.
  const auto set = [&status](auto function, auto... arguments) {
    if (status == NATS_OK) status = function(arguments...);
  };
  set(natsOptions_SetURL, made, server.c_str());
  set(natsOptions_SetName, made, options.name.c_str());
  set(natsOptions_SetTimeout, made, milliseconds(options.connect_timeout));
  set(natsOptions_SetNoEcho, made, true);
  set(natsOptions_SetAllowReconnect, made, false);
  set(natsOptions_SetSendAsap, made, true);
  set(natsOptions_SetWriteDeadline, made, milliseconds(options.connect_timeout));
  set(natsOptions_SetPingInterval, made, milliseconds(options.ping_interval));
  set(natsOptions_SetMaxPingsOut, made, 2);
  set(natsOptions_SetClosedCB, made, &Callbacks::on_closed, static_cast<void*>(opened->callbacks_.get()));
  set(natsOptions_SetErrorHandler, made, &Callbacks::on_error, static_cast<void*>(opened->callbacks_.get()));
  if (status == NATS_OK) status = set_login(made, login);
  if (status == NATS_OK && absl::StartsWith(server, "tls://")) status = set_tls(made, options.tls, host_of(server));
  if (status == NATS_OK) status = natsConnection_Connect(&opened->callbacks_->connection, made);
  if (status != NATS_OK) return failure(status);
  return opened;
}

NatsConnection::~NatsConnection() {
  natsConnection* const connection = callbacks_ == nullptr ? nullptr : callbacks_->connection;
  if (connection == nullptr) return;
  natsConnection_Close(connection);
  for (const auto& subscription : subscriptions_) natsSubscription_Destroy(subscription->handle);
  bool quiet = false;
  {
    std::unique_lock lock(callbacks_->mutex);
    quiet = callbacks_->changed.wait_for(lock, kCallbackGrace,
                                         [&] { return callbacks_->closing == 0 && callbacks_->subscriptions == 0; });
  }
  natsConnection_Destroy(connection);
  if (quiet) return;
  // Better lost than used after its end.
  for (auto& subscription : subscriptions_) static_cast<void>(subscription.release());
  static_cast<void>(callbacks_.release());
}

absl::Status NatsConnection::subscribe(const std::string& subject, size_t subscription) {
  auto made = std::make_unique<Subscription>(Subscription{*callbacks_, subscription});
  natsStatus status = natsConnection_Subscribe(&made->handle, callbacks_->connection, subject.c_str(),
                                               &Subscription::on_message, made.get());
  if (status != NATS_OK) return failure(status);
  {
    const std::lock_guard lock(callbacks_->mutex);
    ++callbacks_->subscriptions;
  }
  status = natsSubscription_SetOnCompleteCB(made->handle, &Subscription::on_complete, made.get());
  subscriptions_.push_back(std::move(made));
  if (status == NATS_OK) return absl::OkStatus();
  // It is closed already, or will not tell when it is.
  const std::lock_guard lock(callbacks_->mutex);
  --callbacks_->subscriptions;
  return failure(status);
}

absl::Status NatsConnection::publish(const std::string& subject, std::string_view bytes) {
  return to_status(
      natsConnection_Publish(callbacks_->connection, subject.c_str(), bytes.data(), static_cast<int>(bytes.size())));
}

absl::Status NatsConnection::flush(Duration patience) {
  return to_status(natsConnection_FlushTimeout(callbacks_->connection, milliseconds(patience)));
}

NatsLibrary::NatsLibrary() {
  const std::lock_guard lock(library_mutex);
  if (library_users++ > 0) return;
  // libnats frees OpenSSL's list of compression methods at exit, and then OpenSSL does. Without a list, which nobody
  // needs, there is nothing to free twice.
  SSL_COMP_get_compression_methods();
  sk_SSL_COMP_free(SSL_COMP_set0_compression_methods(nullptr));
  nats_Open(-1);
}

NatsLibrary::~NatsLibrary() {
  const std::lock_guard lock(library_mutex);
  if (--library_users == 0) nats_CloseAndWait(kLibraryGraceMs);
}

}  // namespace noom::bus

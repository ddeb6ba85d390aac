// One connection with a NATS server, from the attempt to its loss. For nats_bus.cc.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/nats_bus.h"

namespace noom::bus {

// What libnats calls on its own threads. Outlives every connection that knows it.
class NatsListener {
 public:
  virtual ~NatsListener() = default;
  virtual void on_closed(std::string reason) = 0;
  virtual void on_message(size_t subscription, std::string_view bytes) = 0;
  virtual void on_dropped() = 0;  // by libnats: too many wait for on_message
};

// Used by one thread.
class NatsConnection {
 public:
  // Blocks for options.connect_timeout at most, but for the resolver.
  static absl::StatusOr<std::unique_ptr<NatsConnection>> open(const NatsOptions& options, const std::string& server,
                                                              NatsListener& listener);
  // Waits until the listener is called no more.
  ~NatsConnection();
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  absl::Status subscribe(const std::string& subject, size_t subscription);
  absl::Status publish(const std::string& subject, std::string_view bytes);
  // Until the server has taken everything so far.
  absl::Status flush(Duration patience);

 private:
  struct Callbacks;
  struct Subscription;
  NatsConnection();

  std::unique_ptr<Callbacks> callbacks_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

// Keeps libnats open; with the last one its threads end.
class NatsLibrary {
 public:
  NatsLibrary();
  ~NatsLibrary();
  NatsLibrary(const NatsLibrary&) = delete;
  NatsLibrary& operator=(const NatsLibrary&) = delete;
};

}  // namespace noom::bus

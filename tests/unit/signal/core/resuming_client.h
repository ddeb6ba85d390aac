// A client as docs/protocol/noom-v1.md, "Resuming", wants it, over a link that the test breaks at will: what is on its
// way is lost then. Keeps every counted message it received.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/signal/core/hub_script.h"

namespace noom::signal {

class ResumingClient {
 public:
  explicit ResumingClient(ServerSide& server) : server_(&server) {}

  // Where the next connection goes.
  void turn_to(ServerSide& server) { server_ = &server; }

  // Opens a connection and says hello, with the ticket when there is one. The welcome waits to be heard.
  void connect() {
    session_ = server_->connect();
    greeted_ = false;
    connected_ = true;
    std::string hello = R"({"type":"hello","protocol":"noom.v1","features":["resume"])";
    if (!ticket_.empty())
      hello += R"(,"resume":{"ticket":")" + ticket_ + R"(","received":)" + std::to_string(received_) + "}";
    server_->say(session_, hello + "}");
  }
  // Kept until the server is known to have it.
  void say(std::string text) {
    sent_.push_back(std::move(text));
    if (greeted_) uplink_.push_back(sent_.back());
  }
  // Lets at most `count` messages arrive at the server.
  void speak(size_t count = SIZE_MAX) {
    for (; count > 0 && connected_ && !uplink_.empty(); --count) {
      const std::string text = uplink_.front();
      uplink_.pop_front();
      server_->say(session_, text);
    }
  }
  // Takes at most `count` messages from the server.
  void hear(size_t count = SIZE_MAX) {
    for (; count > 0 && connected_; --count) {
      Json message = server_->take(session_);
      if (!message.is_object()) return;
      on_message(std::move(message));
    }
  }
  void ack() {
    if (greeted_) server_->say(session_, R"({"type":"ack","received":)" + std::to_string(received_) + "}");
  }
  // The link breaks; the server notices when `is_noticed`, else it learns from the next connection, or by a ping.
  void lose(bool is_noticed = true) {
    if (connected_ && is_noticed) server_->closed(session_);
    if (connected_ && !is_noticed) server_->lost(session_);
    forget_link();
  }
  void forget_link() {
    connected_ = greeted_ = false;
    uplink_.clear();
  }

  bool connected() const { return connected_; }
  bool settled() const { return greeted_ && uplink_.empty(); }
  SessionId session() const { return session_; }
  const std::string& ticket() const { return ticket_; }
  void use_ticket(std::string ticket) { ticket_ = std::move(ticket); }
  uint64_t received() const { return received_; }
  const Json& welcome() const { return welcome_; }
  const std::string& peer() const { return peer_; }
  // Everything counted so far; the test may clear it.
  std::vector<Json> heard;
  // How often the server said so since the beginning.
  int recovered = 0;
  int not_recovered = 0;

 private:
  void on_message(Json message) {
    const std::string type(message.at("type").as_string());
    if (type == "welcome") return on_welcome(message);
    if (type == "ack") return confirm(message.at("received").to_number<uint64_t>());
    if (type == "ticket") {
      ticket_ = std::string(message.at("ticket").as_string());
      return;
    }
    if (type == "pong" || type == "go_away") return;
    ++received_;
    if (type == "joined") {
      peer_ = std::string(message.at("peer").as_string());
      ticket_ = std::string(message.at("ticket").as_string());
    }
    heard.push_back(std::move(message));
  }
  void on_welcome(const Json& welcome) {
    welcome_ = welcome;
    greeted_ = true;
    ticket_ = std::string(welcome.at("ticket").as_string());
    const Json* outcome = welcome.as_object().if_contains("recovered");
    if (outcome != nullptr && outcome->as_bool()) {
      ++recovered;
      confirm(welcome.at("received").to_number<uint64_t>());
      uplink_.assign(sent_.begin(), sent_.end());
    } else {
      if (outcome != nullptr) ++not_recovered;
      received_ = confirmed_ = 0;
      sent_.clear();
    }
  }
  void confirm(uint64_t received) {
    ASSERT_LE(received, confirmed_ + sent_.size());
    for (; confirmed_ < received; ++confirmed_) sent_.pop_front();
  }

  ServerSide* server_;
  SessionId session_;
  bool connected_ = false;
  bool greeted_ = false;
  std::string ticket_;
  std::string peer_;
  Json welcome_;
  uint64_t received_ = 0;
  std::deque<std::string> sent_;    // the server is not known to have these
  uint64_t confirmed_ = 0;          // how many it has
  std::deque<std::string> uplink_;  // on their way
};

}  // namespace noom::signal

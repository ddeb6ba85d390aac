#include "tests/bench/dialect.h"

#include "tests/bench/arguments.h"

namespace noom::bench {
namespace {

constexpr uint64_t kAckEvery = 16;  // messages: docs/protocol/noom-v1.md, "Resuming"

// The characters of a string member, which has no escapes; "" when it is missing.
std::string member(std::string_view text, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + key.size();
  return std::string(text.substr(begin, text.find('"', begin) - begin));
}

class Noom final : public Dialect {
 public:
  explicit Noom(bool resumes) : resumes_(resumes) {}

  std::string_view path() const override { return "/ws"; }
  std::string greeting(const Memory& memory) const override { return hello(memory); }
  std::string hello(const Memory& memory) const override {
    std::string text = R"({"type":"hello","protocol":"noom.v1","client":"bench")";
    if (resumes_) text += R"(,"features":["resume"])";
    if (!memory.ticket.empty())
      text += R"(,"resume":{"ticket":")" + memory.ticket + R"(","received":)" + std::to_string(memory.received) + '}';
    return text + '}';
  }
  std::string join(std::string_view room) const override {
    return R"({"type":"join","id":1,"room":")" + std::string(room) + R"(","name":"Ann"})";
  }
  std::string leave() const override { return R"({"type":"leave","id":2})"; }
  std::string broadcast(std::string_view data) const override {
    return R"({"type":"send","id":3,"data":")" + std::string(data) + R"("})";
  }

  Heard hear(std::string_view text, Memory& memory, std::string& reply) const override {
    const Heard heard = kind_of(text);
    if (heard == Heard::kWelcomed || heard == Heard::kJoined) {
      if (const std::string ticket = member(text, "ticket"); !ticket.empty()) memory.ticket = ticket;
    }
    if (heard == Heard::kWelcomed) {
      memory.recovered = text.find(R"("recovered":true)") != std::string_view::npos;
      if (!memory.recovered) memory.received = 0;
      memory.acknowledged = memory.received;
    } else if (counts(text, heard) && ++memory.received >= memory.acknowledged + kAckEvery && resumes_) {
      memory.acknowledged = memory.received;
      reply = R"({"type":"ack","received":)" + std::to_string(memory.received) + '}';
    }
    return heard;
  }

 private:
  static std::string_view type_of(std::string_view text) {
    constexpr std::string_view kBegin = R"({"type":")";
    if (!text.starts_with(kBegin)) fail("not noom.v1: " + std::string(text));
    const std::string_view rest = text.substr(kBegin.size());
    return rest.substr(0, rest.find('"'));
  }
  static Heard kind_of(std::string_view text) {
    const std::string_view type = type_of(text);
    if (type == "message") return Heard::kMessage;
    if (type == "ok") return Heard::kConfirmed;
    if (type == "peer_joined") return Heard::kPeerJoined;
    if (type == "welcome") return Heard::kWelcomed;
    if (type == "joined") return Heard::kJoined;
    if (type == "left") return Heard::kLeft;
    if (type == "error") fail(std::string(text));
    return Heard::kOther;
  }
  static bool counts(std::string_view text, Heard heard) {
    if (heard != Heard::kOther) return true;
    const std::string_view type = type_of(text);
    return type != "ack" && type != "pong" && type != "ticket" && type != "go_away";
  }

  const bool resumes_;
};

// Engine.IO 4 and Socket.IO 5: "0" open, "2" ping, "40" connect, "42" event, "43" acknowledgement.
class SocketIo final : public Dialect {
 public:
  std::string_view path() const override { return "/socket.io/?EIO=4&transport=websocket"; }
  std::string greeting(const Memory&) const override { return {}; }
  std::string hello(const Memory& memory) const override {
    if (memory.ticket.empty()) return "40";
    return R"(40{"pid":")" + memory.ticket + R"(","offset":")" + memory.offset + R"("})";
  }
  std::string join(std::string_view room) const override { return R"(421["join",")" + std::string(room) + R"("])"; }
  std::string leave() const override { return R"(422["leave"])"; }
  std::string broadcast(std::string_view data) const override {
    return R"(423["send",")" + std::string(data) + R"("])";
  }

  Heard hear(std::string_view text, Memory& memory, std::string& reply) const override {
    if (text.starts_with("42")) {
      remember_offset(text, memory);
      if (text.starts_with(R"(42["message")")) return Heard::kMessage;
      if (text.starts_with(R"(42["peer_joined")")) return Heard::kPeerJoined;
    } else if (text.starts_with("431")) {
      return Heard::kJoined;
    } else if (text.starts_with("432")) {
      return Heard::kLeft;
    } else if (text.starts_with("433")) {
      return Heard::kConfirmed;
    } else if (text.starts_with("40")) {
      const std::string id = member(text, "pid");
      memory.recovered = !memory.ticket.empty() && id == memory.ticket;
      memory.ticket = id;
      return Heard::kWelcomed;
    } else if (text.starts_with("0")) {
      return Heard::kOpened;
    } else if (text == "2") {
      reply = "3";
    }
    return Heard::kOther;
  }

 private:
  // The last argument of an event, when it is a string.
  static void remember_offset(std::string_view text, Memory& memory) {
    if (!text.ends_with("\"]")) return;
    const size_t end = text.size() - 2;
    const size_t begin = text.rfind('"', end - 1) + 1;
    memory.offset.assign(text.substr(begin, end - begin));
  }
};

}  // namespace

std::unique_ptr<const Dialect> Dialect::named(const std::string& name) {
  if (name == "noom") return std::make_unique<Noom>(true);
  if (name == "noom-plain") return std::make_unique<Noom>(false);
  if (name == "socket.io") return std::make_unique<SocketIo>();
  fail("no dialect " + name);
}

}  // namespace noom::bench

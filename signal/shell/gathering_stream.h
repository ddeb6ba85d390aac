// A layer between Beast's WebSocket and the stream: whatever is written is collected, and leaves in as few system calls
// as there are turns. Beast writes frame by frame and waits for each; a busy room sends many small ones at a time.
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/io/stream.h"

namespace noom::signal {

// Beyond it a write waits until what was collected has left: pongs to somebody who does not read.
constexpr size_t kWrittenAheadMax = 32 * 1024;

// An AsyncStream of Asio's, single-threaded as io::Stream. A write succeeds at once up to kWrittenAheadMax; when what
// was written cannot leave, the stream is closed, and the pending read tells. How much is appended is for the caller to
// bound: it flushes and waits. Holds no buffer when nothing is on its way.
class GatheringStream {
 public:
  using executor_type = io::Stream::executor_type;
  using StatusHandler = absl::AnyInvocable<void(boost::system::error_code)>;

  explicit GatheringStream(io::Stream stream) : state_(std::make_shared<State>(std::move(stream))) {}

  executor_type get_executor() { return state_->stream.get_executor(); }
  void close() { state_->stream.close(); }

  // Collects these bytes, in one piece; they leave with the next flush, or behind what is leaving now.
  void append(std::string_view head, std::string_view rest) { (state_->collected += head) += rest; }
  // Sends what was collected, and what is until then; `done` when nothing is left. One at a time.
  void flush(StatusHandler done) {
    state_->flushed = std::move(done);
    state_->leave();
  }
  // As io::Stream's, once all that was written has left.
  void async_shutdown(Duration deadline, StatusHandler done) {
    if (state_->is_idle()) return state_->stream.async_shutdown(deadline, std::move(done));
    state_->shutdown = [state = state_.get(), deadline, done = std::move(done)]() mutable {
      state->stream.async_shutdown(deadline, std::move(done));
    };
  }

  template <typename MutableBufferSequence, typename Token>
  auto async_read_some(const MutableBufferSequence& buffers, Token&& token) {
    return state_->stream.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename ConstBufferSequence, typename Token>
  auto async_write_some(const ConstBufferSequence& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [state = state_.get()](auto handler, const ConstBufferSequence& from) {
          const size_t size = boost::asio::buffer_size(from);
          const size_t held = state->collected.size();
          state->collected.resize(held + size);
          boost::asio::buffer_copy(boost::asio::buffer(state->collected.data() + held, size), from);
          state->leave();
          auto done = [size, h = std::move(handler)](boost::system::error_code error) mutable {
            std::move(h)(error, size);
          };
          if (held + size > kWrittenAheadMax) {
            state->written = std::move(done);
          } else {
            boost::asio::post(state->stream.get_executor(), [done = std::move(done)]() mutable { done({}); });
          }
        },
        token, buffers);
  }

 private:
  struct State : std::enable_shared_from_this<State> {
    explicit State(io::Stream from) : stream(std::move(from)) {}

    bool is_idle() const { return leaving.empty() && collected.empty(); }
    void leave() {
      if (!leaving.empty()) return;
      if (collected.empty()) return finish({});
      leaving = std::exchange(collected, {});
      boost::asio::async_write(stream, boost::asio::buffer(leaving),
                               [self = shared_from_this()](boost::system::error_code error, size_t) {
                                 self->leaving = {};
                                 if (auto done = std::exchange(self->written, nullptr)) done(error);
                                 if (!error && !self->collected.empty()) return self->leave();
                                 if (error) self->stream.close();
                                 self->collected = {};
                                 self->finish(error);
                               });
    }
    void finish(boost::system::error_code error) {
      if (auto then = std::exchange(shutdown, nullptr)) then();
      if (auto done = std::exchange(flushed, nullptr)) done(error);
    }

    io::Stream stream;
    std::string collected;
    std::string leaving;
    StatusHandler flushed;
    StatusHandler written;  // a write that waits
    absl::AnyInvocable<void()> shutdown;
  };

  std::shared_ptr<State> state_;  // shared with the write that is under way
};

}  // namespace noom::signal

// A layer between Beast's WebSocket and the stream: between gather() and flush() what is written is collected, and then
// leaves in one system call. Beast writes frame by frame; a busy room sends many small ones at a time.
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>

#include "common/io/stream.h"

namespace noom::signal {

// An AsyncStream of Asio's, single-threaded as io::Stream. Writes that come while it flushes (a pong, the close frame)
// leave right behind. Holds no memory when nothing is on its way.
class GatheringStream {
 public:
  using executor_type = io::Stream::executor_type;
  using StatusHandler = absl::AnyInvocable<void(boost::system::error_code)>;

  explicit GatheringStream(io::Stream stream) : stream_(std::move(stream)) {}

  executor_type get_executor() { return stream_.get_executor(); }
  void close() { stream_.close(); }

  // From now on writes succeed at once.
  void gather() { collects_ = true; }
  // Writes what was collected; `done` keeps this alive.
  void flush(StatusHandler done) {
    flushing_ = true;
    collects_ = true;
    leaving_ = std::exchange(collected_, {});
    boost::asio::async_write(stream_, boost::asio::buffer(leaving_),
                             [this, done = std::move(done)](boost::system::error_code error, size_t) mutable {
                               leaving_ = {};
                               if (!error && !collected_.empty()) return flush(std::move(done));
                               flushing_ = collects_ = false;
                               collected_ = {};
                               if (auto shutdown = std::exchange(shutdown_, nullptr)) shutdown();
                               done(error);
                             });
  }
  // As io::Stream's, once all that was written has left.
  void async_shutdown(Duration deadline, StatusHandler done) {
    if (!flushing_) return stream_.async_shutdown(deadline, std::move(done));
    shutdown_ = [this, deadline, done = std::move(done)]() mutable {
      stream_.async_shutdown(deadline, std::move(done));
    };
  }

  template <typename MutableBufferSequence, typename Token>
  auto async_read_some(const MutableBufferSequence& buffers, Token&& token) {
    return stream_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename ConstBufferSequence, typename Token>
  auto async_write_some(const ConstBufferSequence& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [this](auto handler, const ConstBufferSequence& from) {
          if (!collects_) {
            stream_.async_write_some(from, std::move(handler));
            return;
          }
          const size_t size = boost::asio::buffer_size(from);
          const size_t held = collected_.size();
          collected_.resize(held + size);
          boost::asio::buffer_copy(boost::asio::buffer(collected_.data() + held, size), from);
          boost::asio::post(stream_.get_executor(), [size, h = std::move(handler)]() mutable {
            std::move(h)(boost::system::error_code(), size);
          });
        },
        token, buffers);
  }

 private:
  io::Stream stream_;
  std::string collected_;
  std::string leaving_;
  absl::AnyInvocable<void()> shutdown_;
  bool collects_ = false;
  bool flushing_ = false;
};

}  // namespace noom::signal

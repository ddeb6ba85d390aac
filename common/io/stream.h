// One byte stream for plain TCP and TLS, chosen at run time, shaped like Asio's AsyncStream so that Beast can sit on
// it. OpenSSL works on the descriptor itself, without Asio's two buffers per connection: an idle TLS stream costs about
// 14 KB instead of 76.
#pragma once

#include <absl/functional/any_invocable.h>

#include <array>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "common/base/endpoint.h"
#include "common/base/preamble.h"
#include "common/base/time.h"
#include "common/io/fd.h"
#include "common/io/tls_context.h"
#include "common/io/tls_error.h"

namespace noom::io {

// How a connection begins.
struct StreamOpening {
  std::shared_ptr<const TlsContext> tls = nullptr;  // null: plain TCP
  bool or_plain = false;              // with `tls`: plain TCP all the same, unless the first byte is a ClientHello's
  PreambleReader preamble = nullptr;  // of what must stand before all else, TLS too; null: nothing does
};

// Movable, owned by one shard and used on its thread only. At most one read and one write are pending at a time.
// Destroying it closes the socket; pending handlers then get operation_aborted. SIGPIPE is never raised. Ends of file,
// with or without close_notify, are boost::asio::error::eof; TLS failures are errors of tls_category(). After any error
// only close() makes sense.
class Stream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor_type>;
  using Handler = absl::AnyInvocable<void(boost::system::error_code, size_t)>;
  using StatusHandler = absl::AnyInvocable<void(boost::system::error_code)>;

  // A stream that no io_context runs, on its way to another thread. Destroying it closes the socket.
  class Detached {
   public:
    Detached(Detached&&) noexcept;
    Detached& operator=(Detached&&) noexcept;
    ~Detached();
    // An open plain connection.
    static Detached plain(Fd fd, const IpEndpoint& remote, const IpEndpoint& local);

   private:
    friend class Stream;
    struct State;
    explicit Detached(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };

  // Plain TCP.
  explicit Stream(Socket socket);
  // TLS, server side; async_handshake comes first. `context` is kept until the stream is destroyed.
  Stream(Socket socket, std::shared_ptr<const TlsContext> context);
  // What comes first is read by async_handshake; until then it is plain, and the endpoints are the connection's.
  Stream(Socket socket, StreamOpening opening);
  // Goes on where detach() left off.
  Stream(boost::asio::io_context& context, Detached detached);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  executor_type get_executor();
  Socket& socket();
  const Socket& socket() const;
  bool is_tls() const;
  bool is_open() const;
  // Whether a byte of the client's TLS has come: one that leaves before has not failed a handshake.
  bool has_tls_begun() const;
  // As accepted, or as the preamble said; both stay readable after close().
  const IpEndpoint& remote() const;
  const IpEndpoint& local() const;
  // The protocol agreed on by ALPN; empty for none and for plain TCP.
  std::string_view alpn() const;

  // Succeeds at once on plain TCP without a preamble. Past the deadline the stream is closed and the error is
  // timed_out. For a refused preamble see refusal_of.
  void async_handshake(Duration deadline, StatusHandler done);
  // Says goodbye (close_notify, FIN), then discards what still arrives until the peer closes or the deadline passes,
  // then closes: the last bytes written are not lost to a reset. Call when no write is pending.
  void async_shutdown(Duration deadline, StatusHandler done);
  // Ends the sending direction alone, after all that was written: close_notify, FIN. Reading goes on. Call when no
  // write is pending.
  void async_shutdown_send(StatusHandler done);
  // Takes an open stream away from its io_context, with all that TLS has read ahead. No operation may be pending; what
  // remains is as if closed.
  Detached detach();
  // Now, without goodbye.
  void close();
  // Now, and the other side learns that what it got is not all (RST).
  void abort();

  template <typename MutableBufferSequence, typename Token>
  auto async_read_some(const MutableBufferSequence& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [this](auto handler, boost::asio::mutable_buffer buffer) { start_read(buffer, erase(std::move(handler))); },
        token, first_non_empty(buffers));
  }
  template <typename ConstBufferSequence, typename Token>
  auto async_write_some(const ConstBufferSequence& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [this](auto handler, const Gather& gather) { start_write(gather, erase(std::move(handler))); }, token,
        gather(buffers));
  }

 private:
  // The first few non-empty buffers of a sequence: a write may be partial, so the rest simply waits for the next.
  struct Gather {
    std::array<boost::asio::const_buffer, 8> buffers;
    size_t count = 0;
    // A buffer sequence that owns its elements: Asio keeps a copy while a write waits.
    const boost::asio::const_buffer* begin() const { return buffers.data(); }
    const boost::asio::const_buffer* end() const { return buffers.data() + count; }
  };
  struct Impl;

  template <typename Sequence>
  static boost::asio::mutable_buffer first_non_empty(const Sequence& buffers) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      if (const boost::asio::mutable_buffer buffer(*it); buffer.size() > 0) return buffer;
    }
    return {};
  }
  template <typename Sequence>
  static Gather gather(const Sequence& buffers) {
    Gather result;
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers) && result.count < result.buffers.size(); ++it) {
      if (const boost::asio::const_buffer buffer(*it); buffer.size() > 0) result.buffers[result.count++] = buffer;
    }
    return result;
  }
  // Type-erases a handler; the erased one is called on the shard's thread and dispatches to the handler's own executor,
  // where it has one.
  template <typename H>
  Handler erase(H handler) {
    auto executor = boost::asio::get_associated_executor(handler, get_executor());
    if constexpr (std::is_same_v<decltype(executor), executor_type>) {
      return Handler(std::move(handler));
    } else {
      return [executor, h = std::move(handler)](boost::system::error_code error, size_t size) mutable {
        boost::asio::dispatch(executor, [h = std::move(h), error, size]() mutable { std::move(h)(error, size); });
      };
    }
  }
  void start_read(boost::asio::mutable_buffer buffer, Handler done);
  void start_write(const Gather& gather, Handler done);

  std::shared_ptr<Impl> impl_;  // shared with the pending operations
};

}  // namespace noom::io

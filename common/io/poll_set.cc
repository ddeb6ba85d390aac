#include "common/io/poll_set.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace noom::io {

struct PollSet::Watch {
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor;
  PollSet* set;  // nullptr once stopped
};

PollSet::PollSet(boost::asio::io_context& context, PollHandler& handler)
    : context_(context), handler_(handler), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  watch_ = std::make_shared<Watch>(
      Watch{boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>(context, epoll_.get()),
            this});
  arm();
}

PollSet::~PollSet() {
  stop();
}

void PollSet::stop() {
  if (watch_->set == nullptr) return;
  watch_->set = nullptr;
  watch_->descriptor.release();  // epoll_ owns the descriptor
}

bool PollSet::add(int fd, uint64_t key, PollClass poll_class) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  if (poll_class == PollClass::kShared) shared_keys_.push_back(key);
  return true;
}

void PollSet::remove(int fd, uint64_t key) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  std::erase(shared_keys_, key);
  std::erase(shared_ready_, key);
}

void PollSet::arm() {
  watch_->descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [watch = watch_](boost::system::error_code error) {
                                  if (!error && watch->set != nullptr) watch->set->turn();
                                });
}

void PollSet::end_turn_soon() {
  if (in_turn_ || end_pending_) return;
  end_pending_ = true;
  boost::asio::post(context_, [watch = watch_] {
    if (watch->set == nullptr || !watch->set->end_pending_) return;
    watch->set->end_pending_ = false;
    watch->set->handler_.on_turn_end();
  });
}

void PollSet::turn() {
  in_turn_ = true;
  end_pending_ = false;
  fetch();
  serve_private();
  serve_shared(std::max(private_taken_, kSharedPerTurn));
  handler_.on_turn_end();
  in_turn_ = false;
  if (watch_->set == nullptr) return;

  const bool more = found_full_ || private_next_ < private_ready_.size();
  if (!more) return arm();
  // Busy: look again without the price of a re-arm, after whatever else waits on the io_context.
  boost::asio::post(context_, [watch = watch_] {
    if (watch->set != nullptr) watch->set->turn();
  });
}

void PollSet::fetch() {
  shared_taken_ = 0;
  private_taken_ = 0;
  shared_next_ = 0;
  found_full_ = false;
  if (private_next_ <
      private_ready_.size()) {  // left by the last turn; meanwhile any listener may have become readable
    shared_ready_ = shared_keys_;
    return;
  }
  private_ready_.clear();
  private_next_ = 0;
  shared_ready_.clear();
  const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 0);
  for (int i = 0; i < count; ++i) {
    const uint64_t key = events_[static_cast<size_t>(i)].data.u64;
    const bool shared = std::ranges::find(shared_keys_, key) != shared_keys_.end();
    (shared ? shared_ready_ : private_ready_).push_back(key);
  }
}

void PollSet::serve_private() {
  while (private_next_ < private_ready_.size() && handler_.room() > 0) {
    serve_shared(private_taken_ + 1);
    private_taken_ += read(private_ready_[private_next_++]);
  }
}

void PollSet::serve_shared(size_t until_taken) {
  while (shared_taken_ < until_taken && !shared_ready_.empty() && handler_.room() > 0) {
    shared_next_ %= shared_ready_.size();
    const uint64_t key = shared_ready_[shared_next_];
    const size_t taken = read(key);
    shared_taken_ += taken;
    if (taken < kBudgetPerRead) {
      std::erase(shared_ready_, key);
    } else {
      ++shared_next_;
    }
  }
}

size_t PollSet::read(uint64_t key) {
  const size_t budget = std::min(kBudgetPerRead, handler_.room());
  if (budget == 0) return 0;
  const size_t taken = handler_.on_readable(key, budget);
  if (taken == budget) found_full_ = true;
  return taken;
}

}  // namespace noom::io

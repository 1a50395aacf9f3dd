#pragma once
// Drives a transmission_reader over a coalescing_stream.

#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "uncork/stream/coalescing_stream.hpp"
#include "uncork/stream/detail/transmission_reader.hpp"
#include "uncork/stream/detail/transmit_waits.hpp"

namespace uncork::stream::detail {

template <typename NextLayer>
class transmit_blocks_op {
 public:
  using stream_type = coalescing_stream<NextLayer>;

  transmit_blocks_op(stream_type& stream, int file, transmit_options options, const transmit_system& system)
      : stream_(&stream),
        reader_(std::make_unique<transmission_reader>(file, options, system)),
        waits_(std::make_unique<transmit_waits<typename stream_type::executor_type>>(stream.get_executor())),
        progress_(std::move(options.progress)) {}

  template <typename Self>
  void operator()(Self& self, boost::system::error_code error = {}, std::size_t taken = 0) {
    switch (std::exchange(state_, state::waiting)) {
      case state::initiating:
        self.reset_cancellation_state(boost::asio::enable_partial_cancellation());
        return pass_on(self, true);
      case state::writing:
        reader_->sent(taken);
        if (progress_) progress_(reader_->result());
        return error ? complete(self, error) : wait_for(self, false);
      case state::waiting:
        if (!error && self.cancelled() != boost::asio::cancellation_type::none) error = boost::asio::error::operation_aborted;
        return error ? complete(self, error) : pass_on(self, false);
      case state::completing:
        return complete(self, error_ ? error_ : error ? error : reader_->error());
    }
  }

 private:
  using need = transmission_reader::need;
  enum class state { initiating, writing, waiting, completing };

  template <typename Self>
  void pass_on(Self& self, bool initiating) {
    std::vector<std::byte> block;
    need_ = reader_->fill(block);
    if (block.empty()) return wait_for(self, initiating);
    state_ = state::writing;
    stream_->async_write(owned_bytes(std::move(block)), std::move(self));
  }

  template <typename Self>
  void wait_for(Self& self, bool initiating) {
    switch (need_) {
      case need::nothing:
        state_ = state::completing;
        // Flushed, also after an error: what was accepted before it is on its way when the handler runs.
        return stream_->async_flush(std::move(self));
      case need::room:
        if (self.cancelled() == boost::asio::cancellation_type::none) return pass_on(self, initiating);
        return complete(self, boost::asio::error::operation_aborted);
      case need::source:
        error_ = waits_->until_readable(reader_->file(), self);
        if (!error_) return;
        state_ = state::completing;
        return boost::asio::post(std::move(self));  // a handler may not run inside the initiating function
      case need::page_in:
        if (!waits_->until_read_in(reader_->cold(), self)) pass_on(self, initiating);
        return;
    }
  }

  template <typename Self>
  void complete(Self& self, boost::system::error_code error) {
    const transmit_result result = reader_->result();
    waits_.reset();
    reader_.reset();
    progress_ = nullptr;
    self.complete(error, result);
  }

  stream_type* stream_;
  std::unique_ptr<transmission_reader> reader_;
  std::unique_ptr<transmit_waits<typename stream_type::executor_type>> waits_;
  std::function<void(const transmit_result&)> progress_;
  need need_ = need::nothing;
  state state_ = state::initiating;
  boost::system::error_code error_;
};

}  // namespace uncork::stream::detail

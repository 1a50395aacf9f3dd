#pragma once
// What every driver of a transmission waits for beside its own stream: the disk and the pipe.

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <utility>

#include "uncork/stream/detail/file_source.hpp"
#include "uncork/stream/detail/page_reader.hpp"
#include "uncork/stream/detail/readable_source.hpp"

namespace uncork::stream::detail {

/// Part of an operation; made once, kept where it is. `Self` is the operation as async_compose hands it over.
template <typename Executor>
class transmit_waits {
 public:
  explicit transmit_waits(const Executor& executor) : executor_(executor) {}

  /// Goes on with `self` when the descriptor is readable; or says at once why it cannot, and leaves `self` alone.
  template <typename Self>
  boost::system::error_code until_readable(int descriptor, Self& self) {
    if (!readable_) {
      auto watched = std::make_unique<readable_source<Executor>>(executor_);
      if (const auto error = watched->watch(descriptor)) return error;
      readable_ = std::move(watched);
    }
    readable_->async_wait(std::move(self));
    return {};
  }

  /// Goes on with `self` when the range has been read in; false: no thread could be started for it.
  template <typename Self>
  bool until_read_in(const cold_range& range, Self& self) {
    boost::asio::execution_context& context = boost::asio::query(executor_, boost::asio::execution::context);
    page_reader& reader = boost::asio::use_service<page_reader>(context);
    if (!reader.start()) return false;
    reader.submit(page_in_job<Self>{range, std::move(self)});
    return true;
  }

 private:
  Executor executor_;
  std::unique_ptr<readable_source<Executor>> readable_;
};

}  // namespace uncork::stream::detail

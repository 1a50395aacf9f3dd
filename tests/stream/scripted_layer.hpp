#pragma once
// A layer below a stream that does what the test says: takes a few bytes at a time, keeps a send under way, fails at the n-th.

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace uncork::stream::testing {

/// What a test sets and looks at; outlives the layer.
struct Script {
  std::size_t most_at_once = std::numeric_limits<std::size_t>::max();
  bool hold = false;  ///< sends begin, and complete only by release()
  int fails_at = -1;  ///< the send with this number, from 0, fails
  boost::system::error_code error = boost::asio::error::connection_reset;
  std::string taken;               ///< all bytes, in order
  std::vector<std::size_t> sends;  ///< the size of each
  std::vector<std::string> reads;  ///< given to reads one by one; then the end
  bool closed = false;
  std::function<void()> held;

  void release() {
    if (held) std::exchange(held, {})();
  }
};

class ScriptedLayer {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using lowest_layer_type = ScriptedLayer;

  ScriptedLayer(boost::asio::io_context& context, Script& script) : executor_(context.get_executor()), script_(&script) {}

  executor_type get_executor() noexcept { return executor_; }
  lowest_layer_type& lowest_layer() noexcept { return *this; }
  void close(boost::system::error_code& error) {
    error = {};
    script_->closed = true;
    script_->release();
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) { this->begin_send(std::move(handler), from); }, token, buffers);
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          boost::system::error_code error = boost::asio::error::eof;
          std::size_t count = 0;
          if (boost::asio::buffer_size(into) == 0) {  // async_read_until that has found its line already
            error = {};
          } else if (!script_->reads.empty()) {
            const std::string text = script_->reads.front();
            script_->reads.erase(script_->reads.begin());
            count = boost::asio::buffer_copy(into, boost::asio::buffer(text));
            error = {};
          }
          boost::asio::post(executor_, boost::asio::append(std::move(handler), error, count));
        },
        token, buffers);
  }

 private:
  template <typename Handler, typename Buffers>
  void begin_send(Handler handler, const Buffers& from) {
    const bool fails = static_cast<int>(script_->sends.size()) == script_->fails_at;
    std::string text(boost::asio::buffer_size(from), '\0');
    boost::asio::buffer_copy(boost::asio::buffer(text), from);
    text.resize(fails ? 0 : std::min(text.size(), script_->most_at_once));
    script_->taken += text;
    script_->sends.push_back(text.size());
    const boost::system::error_code error = fails ? script_->error : boost::system::error_code();
    auto shared = std::make_shared<Handler>(std::move(handler));  // std::function wants copies
    auto complete = [executor = executor_, shared, error, size = text.size()] {
      boost::asio::post(executor, boost::asio::append(std::move(*shared), error, size));
    };
    if (script_->hold) {
      script_->held = std::move(complete);
    } else {
      complete();
    }
  }

  executor_type executor_;
  Script* script_;
};

}  // namespace uncork::stream::testing

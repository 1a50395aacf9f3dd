#pragma once
// Makes changes durable, applies them, tells who asked: in this order, for all that wait at once.

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>
#include <vector>

#include "zino/journal/keeper.hpp"
#include "zino/state/store.hpp"

namespace uncork::zino {

/// Group commit: while the disk is busy with one batch, changes gather, and then go as the next with one fdatasync. A batch that
/// cannot be written is answered `500 …` and changes nothing. Lives on the loop's thread; the keeper is used on one worker of its
/// own. finish() before destruction, unless the loop has stopped.
class Committer {
 public:
  using Done = std::function<void(const std::string& reply)>;
  struct Hooks {
    std::function<void(const std::vector<Notification>&)> notify;
    std::function<void(const std::string&)> log;
  };

  Committer(boost::asio::io_context& loop, Keeper& keeper, Store& store, Hooks hooks);

  /// `done` is called later on the loop, never from within.
  void submit(Change change, Done done);
  /// Folds the journal into the state file once the batch under way is done; `done` is told how that went.
  void fold(std::function<void(const core::Status&)> done);
  [[nodiscard]] std::uint64_t journal_bytes() const { return journal_bytes_; }

 private:
  struct Waiting {
    Change change;
    Done done;
  };
  void start();
  void written(std::vector<Waiting>& batch, const core::Status& status);
  void start_fold();

  boost::asio::io_context& loop_;
  Keeper& keeper_;
  Store& store_;
  Hooks hooks_;
  std::vector<Waiting> waiting_;
  std::vector<std::function<void(const core::Status&)>> folds_;
  bool busy_ = false;
  std::uint64_t journal_bytes_ = 0;
  boost::asio::thread_pool disk_{1};  // the last member: its thread ends before the others go
};

}  // namespace uncork::zino

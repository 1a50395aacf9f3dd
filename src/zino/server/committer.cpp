#include "zino/server/committer.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <system_error>
#include <utility>

#include "core/count.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {

namespace asio = boost::asio;

Committer::Committer(asio::io_context& loop, Keeper& keeper, Store& store, Hooks hooks)
    : loop_(loop), keeper_(keeper), store_(store), hooks_(std::move(hooks)), journal_bytes_(keeper.journal_bytes()) {}

void Committer::submit(Change change, Done done) {
  waiting_.push_back({std::move(change), std::move(done)});
  start();
}

void Committer::fold(std::function<void(const core::Status&)> done) {
  folds_.push_back(std::move(done));
  start();
}

void Committer::start() {
  if (busy_) return;
  if (!folds_.empty()) return start_fold();
  if (waiting_.empty()) return;
  busy_ = true;
  auto batch = std::make_shared<std::vector<Waiting>>(std::exchange(waiting_, {}));
  asio::post(disk_, [this, batch] {
    std::vector<Change> changes;
    for (const Waiting& waiting : *batch) changes.push_back(waiting.change);
    asio::post(loop_, [this, batch, status = keeper_.append(changes), bytes = keeper_.journal_bytes()] {
      journal_bytes_ = bytes;
      written(*batch, status);
    });
  });
}

void Committer::written(std::vector<Waiting>& batch, const core::Status& status) {
  if (!status)
    hooks_.log(fmt::format("{}; {} refused", status.error().message, core::count_of(batch.size(), "change was", "changes were")));
  for (Waiting& waiting : batch) {
    if (!status) {
      const int reason = status.error().system_errno;
      waiting.done(fmt::format("500 not saved: {}", std::generic_category().message(reason)));
      continue;
    }
    const Applied applied = store_.apply(waiting.change);
    if (!applied.notifications.empty()) hooks_.notify(applied.notifications);
    waiting.done(applied.reply);
  }
  busy_ = false;
  start();
}

void Committer::start_fold() {
  busy_ = true;
  auto folds = std::make_shared<std::vector<std::function<void(const core::Status&)>>>(std::exchange(folds_, {}));
  // Changes wait meanwhile, so the copy is what the journal holds.
  asio::post(disk_, [this, folds, state = store_.state()] {
    asio::post(loop_, [this, folds, status = keeper_.fold(state), bytes = keeper_.journal_bytes()] {
      journal_bytes_ = bytes;
      if (!status) hooks_.log(fmt::format("{}; the journal keeps the changes", status.error().message));
      for (const auto& done : *folds) done(status);
      busy_ = false;
      start();
    });
  });
}

}  // namespace uncork::zino

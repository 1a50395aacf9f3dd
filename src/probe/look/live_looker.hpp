#pragma once
// Looks at the running kernel.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "probe/diag/capture.hpp"
#include "probe/diag/capture_note.hpp"
#include "probe/diag/close_listener.hpp"
#include "probe/look/assembler.hpp"
#include "probe/look/known_spaces.hpp"
#include "probe/look/look.hpp"
#include "probe/namespaces/process_news.hpp"
#include "probe/namespaces/watch.hpp"
#include "probe/processes.hpp"
#include "probe/socket_endings.hpp"
#include "probe/socket_pass.hpp"

namespace uncork::probe {

class LiveLooker final : public Looker {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<Looker>> open(const LookOptions& options);

  [[nodiscard]] core::Result<Outcome> look(Look& into) override;
  [[nodiscard]] core::Result<bool> wait(core::Time until) override;

 private:
  explicit LiveLooker(const LookOptions& options);
  core::Status prepare();

  [[nodiscard]] core::Status find_spaces();
  core::Status start_pass();
  void take_pass(Look& into);
  void keep_known_spaces(std::vector<FoundNamespace>& found);
  void learn_spaces();
  void add_spaces_of_sockets(std::span<const record::Row> rows);
  void drop_gone_spaces(Look& into);
  [[nodiscard]] const FoundNamespace* space_of(std::uint64_t inode) const;
  /// Whether the pass may have missed a socket of the namespace in which this thread is. It sees what a process holds: not
  /// TIME_WAIT, not what waits for accept(), not what was closed and still sends. So a list is taken where the kernel counts any
  /// in TIME_WAIT, where a listener's row says that connections wait for it, and where the kernel's count is not that of the
  /// pass: more is what it did not see, less is what ended since, behind which as many unseen ones may hide. What this leaves: as
  /// many ended since the pass as are unseen, closed ones that still send all of them. Request sockets are in no count.
  [[nodiscard]] bool needs_list(const FoundNamespace& space) const;
  /// Runs `task` on a thread of its own, which may go into other namespaces.
  core::Status on_own_thread(const std::function<void()>& task);
  void visit_all(Look& into);
  void correct_names(std::span<record::Row> passed);
  void visit(FoundNamespace& space, Look& into);
  void learn_cookie(FoundNamespace& space);
  void count_trouble(const core::Error& error, Look& into);
  [[nodiscard]] core::Status list(const FoundNamespace& space);
  void take_closes();
  void take_close(std::uint64_t inode, std::span<const std::byte> datagram);
  void leave_spaces();
  [[nodiscard]] std::optional<SpaceIdentity> chosen_space(std::uint64_t inode) const;
  void take_endings();
  [[nodiscard]] std::optional<SpaceIdentity> space_of(const record::Row& ended) const;
  void start_endings();
  void sweep_texts(const Look& look);
  void tell_limits(Look& into) const;
  void take_news();
  void forget_number(std::uint32_t number);
  [[nodiscard]] bool had_news() { return std::exchange(news_, false); }
  [[nodiscard]] bool is_held(std::uint64_t inode);
  [[nodiscard]] bool find_new_spaces();
  [[nodiscard]] bool is_worth_a_search(core::Time now);
  [[nodiscard]] bool is_in_new_space(pid_t process) const;
  void searched();
  void forget_gone_newcomers();
  void enter_newcomers();
  void hear_only(std::span<const FoundNamespace> spaces);

  void tell(LookStep step, std::uint64_t inode = 0) const;
  void note(const CaptureNote& note);
  void record(std::span<const std::byte> datagram, CaptureWriter::Direction direction);

  const LookOptions options_;
  record::Texts texts_;
  record::Row base_;
  std::string kernel_;
  std::optional<LookAssembler> assembler_;
  std::unique_ptr<SocketPass> pass_;              // null: dumps alone
  bool passed_ = false;                           // in this look
  std::unordered_set<std::uint64_t> waited_for_;  // namespaces with connections that wait for accept(), as the pass saw
  std::string why_no_pass_;
  std::unique_ptr<SocketEndings> endings_;  // null: close events alone
  std::vector<record::Row> ending_rows_;
  std::string why_no_endings_;
  std::optional<CaptureWriter> capture_;
  std::optional<CloseListener> closes_;
  std::optional<NamespaceWatch> watch_;
  bool news_ = false;  // was taken since anybody asked
  std::vector<FoundNamespace> spaces_;
  KnownSpaces known_;
  std::unordered_map<std::uint64_t, std::uint64_t> entered_;  // in this look: cookies, by inode
  std::vector<core::Error> missing_;                          // of the names that were asked for
  std::unordered_map<std::uint64_t, std::size_t> places_;     // of an inode in spaces_
  std::unordered_map<std::uint64_t, SpaceIdentity> past_;     // known in the last look, and not any more, by inode
  std::size_t looked_at_ = 0;                                 // of spaces_, by the last look; those behind came since
  std::uint64_t endings_lost_ = 0;                            // until the last look
  std::vector<FoundNamespace> doubtful_;  // in this look, which no path led to and whose sockets were seen: heard until the next
  std::optional<SocketHolders> holders_;  // of this look, if they are asked for
  core::Time search_at_{};                // for new namespaces, while it waits
  core::Time search_anyway_at_{};         // though there was no news
  core::Time look_through_at_{};          // the descriptors of all processes, for namespaces
  ProcessNews process_news_;
  core::Time search_not_before_{};
  std::uint64_t own_inode_ = 0;
  std::size_t refused_processes_ = 0;
  std::vector<std::byte> buffer_;
  std::uint32_t request_ = 0;
  std::string trouble_;  // the first namespace's that could not be looked at
};

[[nodiscard]] SpaceIdentity identity_of(const FoundNamespace& space);

}  // namespace uncork::probe

#include "zino/journal/keeper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "zino/journal/journal_codec.hpp"
#include "zino/protocol/text.hpp"
#include "zino/state/duplicates.hpp"

namespace uncork::zino {
namespace {

constexpr std::size_t kLongestFile = std::size_t{1} << 31;

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

core::Error about(const std::string& file, core::Error error) {
  error.message = fmt::format("{}: {}", file, error.message);
  return error;
}

/// A whole file; nothing if it is not there.
core::Result<std::optional<std::string>> read_whole(const std::string& path) {
  auto text = core::read_file(path, kLongestFile);
  if (text) return std::optional(std::move(*text));
  if (text.error().system_errno == ENOENT) return std::optional<std::string>();
  return core::fail(text.error());
}

core::Status write_all(const core::Fd& fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto count = core::checked("write " + path, [&] { return ::write(fd.get(), text.data(), text.size()); });
    if (!count) return core::fail(count.error());
    text.remove_prefix(static_cast<std::size_t>(*count));
  }
  return {};
}

core::Status sync(const core::Fd& fd, const std::string& path) {
  const auto synced = core::checked("fsync " + path, [&] { return ::fdatasync(fd.get()); });
  if (!synced) return core::fail(synced.error());
  return {};
}

std::string directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// A rename is durable once its directory is.
core::Status sync_directory(const std::string& path) {
  const std::string directory = directory_of(path);
  const auto fd = core::open_file(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) return core::fail(fd.error());
  const auto synced = core::checked("fsync " + directory, [&] { return ::fsync(fd->get()); });
  if (!synced) return core::fail(synced.error());
  return {};
}

core::Status rename_durably(const std::string& from, const std::string& to) {
  const auto renamed =
      core::checked(fmt::format("rename {} to {}", from, to), [&] { return ::rename(from.c_str(), to.c_str()); });
  if (!renamed) return core::fail(renamed.error());
  return sync_directory(to);
}

/// A new file, written and synced, left open for appending. Whatever goes wrong, nothing of it is left.
core::Result<core::Fd> write_new(const std::string& path, std::string_view text, unsigned mode) {
  auto fd = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, mode);
  if (!fd) return core::fail(fd.error());
  auto done = write_all(*fd, text, path);
  if (done) done = sync(*fd, path);
  if (done) return std::move(*fd);
  ::unlink(path.c_str());
  return core::fail(done.error());
}

unsigned mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0640U;
}

}  // namespace

core::Status write_file_durably(const std::string& path, std::string_view text, std::optional<unsigned> mode) {
  std::error_code failed;
  std::filesystem::create_directories(directory_of(path), failed);
  if (failed) return core::fail(core::system_error("make directory " + directory_of(path), failed.value()));
  const std::string temporary = path + ".tmp";
  if (const auto written = write_new(temporary, text, mode.value_or(mode_of(path))); !written) {
    return core::fail(written.error());
  }
  return rename_durably(temporary, path);
}

core::Result<std::pair<Keeper, Recovered>> Keeper::open(const std::string& state_file, Timestamp now) {
  std::error_code ignored;  // a link stays one: what it points to is replaced
  const auto target = std::filesystem::weakly_canonical(state_file, ignored);
  Keeper keeper(ignored ? state_file : target.string());
  if (auto locked = keeper.lock(); !locked) return core::fail(locked.error());
  Recovered recovered;
  if (auto done = keeper.recover(recovered, now); !done) return core::fail(done.error());
  return std::pair(std::move(keeper), std::move(recovered));
}

core::Status Keeper::lock() {
  const std::string path = file_ + ".lock";
  auto fd = core::open_file(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (!fd) return core::fail(fd.error());
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    return core::fail({core::ErrorCode::system, errno, fmt::format("{}: in use by another server", file_)});
  }
  lock_ = std::move(*fd);
  return {};
}

core::Status Keeper::recover(Recovered& recovered, Timestamp now) {
  const auto text = read_whole(file_);
  if (!text) return core::fail(text.error());
  if (*text) {
    auto state = parse_state(**text, now);
    if (!state) return core::fail(about(file_, state.error()));
    recovered.state = std::move(*state);
    for (const std::string& twice : duplicates_in(**text)) recovered.warnings.push_back(file_ + ": " + twice);
    for (const auto& [id, record] : recovered.state.cases) {
      const auto* own = record.get<std::int64_t>("id");
      if (own == nullptr || *own == id) continue;
      recovered.warnings.push_back(
          fmt::format("{}: events.events.{}: its id is {}; clients take it for another case", file_, id, *own));
    }
  }
  const std::string base = sha1_hex(text->value_or(""));
  const std::string name = file_ + ".journal";
  // The newer one first: it counts if the state file that it names is in place already.
  for (const std::string& path : {name + ".new", name}) {
    const auto bytes = read_whole(path);
    if (!bytes) return core::fail(bytes.error());
    if (!*bytes) continue;
    const auto journal = decode_journal(**bytes);
    const bool is_new = path != name;
    if (!journal) {
      if (is_new) continue;  // its writing was cut off, before anything relied on it
      auto error = about(path, journal.error());
      error.message += "; repair the file, or move it away to go on without the changes in it";
      return core::fail(std::move(error));
    }
    if (journal->base != base) {
      if (is_new || journal->changes.empty()) continue;
      return core::fail(core::invalid_argument(fmt::format(
          "{}: has {} to a state file other than {}, which somebody has replaced; put the old one back, or move the journal "
          "away to go on without them",
          path, core::count_of(journal->changes.size(), "change"), file_)));
    }
    if (is_new && journal->changes.empty()) {
      // Of a fold without effect both name the same state file; then the old one, if it is there, has what counts.
      const auto older = read_whole(name);
      const auto old = older && *older ? decode_journal(**older) : core::fail(core::invalid_argument("none"));
      if (old && old->base == base) continue;
    }
    Store store(std::move(recovered.state));
    for (const Change& change : journal->changes) store.apply(change);
    recovered.state = store.state();
    recovered.changes = journal->changes.size();
    if (journal->damaged_bytes > 0) return set_damaged_aside(path, **bytes, *journal, recovered);
    auto fd = core::open_file(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (!fd) return core::fail(fd.error());
    if (journal->torn_bytes > 0) {
      recovered.warnings.push_back(fmt::format("{}: cut {} of a record that was not written to its end", path,
                                               core::count_of(journal->torn_bytes, "byte")));
      const auto cut =
          core::checked("truncate " + path, [&] { return ::ftruncate(fd->get(), static_cast<off_t>(journal->good_bytes)); });
      if (!cut) return core::fail(cut.error());
    }
    journal_ = std::move(*fd);
    journal_bytes_ = journal->good_bytes;
    if (is_new) return rename_durably(path, name);
    return {};
  }
  if (auto begun = begin_journal(name + ".new", base); !begun) return begun;
  return rename_durably(name + ".new", name);
}

/// A journal of the whole records takes the place of the damaged one, which stays under another name for whoever can read more of
/// it.
core::Status Keeper::set_damaged_aside(const std::string& path, const std::string& bytes, const DecodedJournal& journal,
                                       Recovered& recovered) {
  const std::string name = file_ + ".journal";
  std::string aside = name + ".damaged";
  for (int number = 2; std::filesystem::exists(aside); ++number) aside = fmt::format("{}.damaged.{}", name, number);
  if (auto kept = write_new(aside, bytes, 0640); !kept) return core::fail(kept.error());
  recovered.warnings.push_back(fmt::format(
      "{}: {} from byte {} on {} damaged, and the changes that were there are lost; the {} before and after {} kept. The damaged "
      "journal is now {}; look for what is missing, and check the disk",
      path, core::count_of(journal.damaged_bytes, "byte"), journal.damaged_at, journal.damaged_bytes == 1 ? "is" : "are",
      core::count_of(journal.changes.size(), "change"), journal.changes.size() == 1 ? "is" : "are", aside));
  std::string whole = journal_header(journal.base);
  for (const Change& change : journal.changes) whole += journal_record(change);
  auto fd = write_new(name + ".new", whole, 0640);
  if (!fd) return core::fail(fd.error());
  journal_ = std::move(*fd);
  journal_bytes_ = whole.size();
  return rename_durably(name + ".new", name);
}

core::Status Keeper::begin_journal(const std::string& name, const std::string& base) {
  const std::string header = journal_header(base);
  auto fd = write_new(name, header, 0640);
  if (!fd) return core::fail(fd.error());
  journal_ = std::move(*fd);
  journal_bytes_ = header.size();
  return {};
}

core::Status Keeper::append(const std::vector<Change>& changes) {
  const std::string path = file_ + ".journal";
  if (broken_) return core::fail({core::ErrorCode::system, EIO, fmt::format("{}: broken until the state is saved whole", path)});
  std::string bytes;
  for (const Change& change : changes) bytes += journal_record(change);
  auto done = write_all(journal_, bytes, path);
  if (done) done = sync(journal_, path);
  if (done) {
    journal_bytes_ += bytes.size();
    return {};
  }
  // What may have been written must not come back in a replay: nobody was told that it was.
  const bool cut = ::ftruncate(journal_.get(), static_cast<off_t>(journal_bytes_)) == 0;
  broken_ = !cut || ::fdatasync(journal_.get()) != 0;
  return done;
}

core::Status Keeper::fold(const State& state) {
  const std::string text = dump_state(state);
  const std::string name = file_ + ".journal";
  const std::string temporary = file_ + ".tmp";
  if (auto placed = place_journal(); !placed) return placed;
  if (const auto written = write_new(temporary, text, mode_of(file_)); !written) return core::fail(written.error());
  const std::string header = journal_header(sha1_hex(text));
  auto journal = write_new(name + ".new", header, 0640);
  if (!journal) {
    ::unlink(temporary.c_str());
    return core::fail(journal.error());
  }
  if (auto renamed = rename_durably(temporary, file_); !renamed) {
    broken_ = true;  // which of the two state files is in place is not known
    return renamed;
  }
  journal_ = std::move(*journal);
  journal_bytes_ = header.size();
  broken_ = false;
  unplaced_ = true;
  return place_journal();
}

/// The journal that a fold has begun takes the place of the old one. Until then a next fold must not write over it.
core::Status Keeper::place_journal() {
  if (!unplaced_) return {};
  const std::string name = file_ + ".journal";
  auto renamed = rename_durably(name + ".new", name);
  unplaced_ = !renamed;
  return renamed;
}

}  // namespace uncork::zino

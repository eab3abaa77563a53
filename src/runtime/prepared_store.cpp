#include "runtime/prepared_store.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "onda/error.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using base::PrivateDirectory;

constexpr std::string_view kDirectory = "prepared";
constexpr std::string_view kRecordSuffix = ".record";
constexpr std::size_t kNameLength = 64;
constexpr std::size_t kMaxRecords = 1000;
// Where the file system has no locks, only age tells an abandoned file from one that is being written.
constexpr std::int64_t kAbandonedNanoseconds = std::int64_t{24} * 3600 * 1'000'000'000;

/// PreparedStatistics as it is counted; nothing is ordered by these.
struct Counters {
  std::atomic<std::uint64_t> used = 0;
  std::atomic<std::uint64_t> missing = 0;
  std::atomic<std::uint64_t> rejected = 0;
  std::atomic<std::uint64_t> made = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<std::uint64_t> evicted = 0;
};

Counters& counters() {
  static Counters all;
  return all;
}

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

/// The entries that this process has mapped. Of the process and not of a store: each session opens its own
/// store, and a file mapped twice counts twice.
class Mappings {
 public:
  std::shared_ptr<const MappedEntry> find(const base::FileStamp& stamp) {
    const std::lock_guard lock(mutex_);
    const auto found = mapped_.find({stamp.device, stamp.inode});
    return found == mapped_.end() ? nullptr : found->second.lock();
  }

  /// Returns the one that another thread has added meanwhile, if there is one.
  std::shared_ptr<const MappedEntry> add(std::shared_ptr<const MappedEntry> entry) {
    const std::lock_guard lock(mutex_);
    std::erase_if(mapped_, [](const auto& mapped) { return mapped.second.expired(); });
    auto& slot = mapped_[{entry->stamp().device, entry->stamp().inode}];
    if (auto other = slot.lock()) return other;
    slot = entry;
    return entry;
  }

 private:
  std::mutex mutex_;
  // A mapping keeps its inode from being given to another file, so a live one is found by it safely.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::weak_ptr<const MappedEntry>> mapped_;
};

Mappings& mappings() {
  static Mappings all;
  return all;
}

bool is_entry(std::string_view name) {
  return name.size() == kNameLength && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<PrivateDirectory::Item> oldest_first(std::vector<PrivateDirectory::Item> items) {
  std::ranges::sort(items, {}, [](const auto& item) { return std::pair(item.mtime_ns, item.name); });
  return items;
}

std::int64_t now_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t bytes_of(const ModelIdentity& identity) {
  std::uint64_t bytes = 0;
  for (const IdentifiedFile& file : identity.files) {
    if (file.stamp.size > std::numeric_limits<std::uint64_t>::max() - bytes)
      return std::numeric_limits<std::uint64_t>::max();
    bytes += file.stamp.size;
  }
  return bytes;
}

PreparedEntry listed(const PrivateDirectory::Item& item, const base::PrivateFile& file) {
  const base::MappedFile mapping(file.descriptor());
  const EntryView view = peek_entry(mapping.bytes());
  using std::chrono::system_clock;
  const auto used =
      std::chrono::duration_cast<system_clock::duration>(std::chrono::nanoseconds(item.mtime_ns));
  return {.key = item.name,
          .model = std::string(view.model_path),
          .runtime_version = std::string(view.runtime_version),
          .bytes = item.bytes,
          .last_used = system_clock::time_point(used)};
}

}  // namespace

std::optional<PreparedStore> PreparedStore::open(const fs::path& directory, const PreparedLimits& limits,
                                                 Preparation preparation) {
  if (directory.empty()) return std::nullopt;
  const auto absent =
      preparation == Preparation::make ? PrivateDirectory::Absent::create : PrivateDirectory::Absent::fail;
  try {
    PrivateDirectory entries = PrivateDirectory::open(directory, absent).open_child(kDirectory, absent);
    entries.narrow();
    return PreparedStore(std::move(entries), limits, preparation);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found && preparation != Preparation::make) return std::nullopt;
    throw;
  }
}

std::optional<ModelIdentity> PreparedStore::identify(const fs::path& model, const ExternalFiles& external) {
  const bool worth_reading =
      preparation_ == Preparation::make ||
      std::ranges::any_of(directory_.list(), [](const auto& item) { return is_entry(item.name); });
  auto identity =
      identify_model(model, directory_, external, worth_reading ? Hashing::allowed : Hashing::never);
  if (!identity) count(counters().missing);
  return identity;
}

std::shared_ptr<const MappedEntry> PreparedStore::find(const PreparedKey& key) {
  auto entry = map(key);
  count(entry ? counters().used : counters().missing);
  return entry;
}

std::shared_ptr<const MappedEntry> PreparedStore::map(const PreparedKey& key) {
  try {
    auto file = directory_.open_file(key.name);
    if (!file) return nullptr;
    auto entry = check(key, *file);
    file->touch();
    return entry;
  } catch (const Error& error) {
    // Too few descriptors or too little memory say nothing about the entry.
    if (error.code() == ErrorCode::resource_exhausted) return nullptr;
    directory_.remove(key.name);
    count(counters().rejected);
    return nullptr;
  }
}

std::shared_ptr<const MappedEntry> PreparedStore::check(const PreparedKey& key,
                                                        const base::PrivateFile& file) {
  const base::FileStamp stamp = file.stamp();
  auto entry = mappings().find(stamp);
  if (entry) {
    // Checked when it was mapped, but the file may have been damaged since. Cut short, its pages must not be
    // touched.
    if (entry->stamp().size != stamp.size)
      throw Error(ErrorCode::data_loss, "the entry has changed its size");
    static_cast<void>(parse_entry(entry->bytes()));
  } else {
    entry = mappings().add(std::make_shared<const MappedEntry>(key.name, file));
  }
  if (entry->view().key_material != key.material)
    throw Error(ErrorCode::data_loss, "the entry is of another key");
  return entry;
}

std::shared_ptr<const MappedEntry> PreparedStore::make(const PreparedKey& key, const ModelIdentity& identity,
                                                       const EntryDescription& description,
                                                       const Save& save) {
  const auto lock = directory_.lock();
  if (auto entry = map(key)) {
    count(counters().used);
    return entry;
  }
  try {
    remove_unfinished(lock.has_value());
    const Making making{key, identity, description, save};
    const std::uint64_t bytes = bytes_of(identity);
    const bool external = bytes >= limits_.external_form_bytes;
    if (external) require_room(bytes);
    auto entry = external ? make_external(making) : make_ort(making);
    directory_.sync();
    count(counters().made);
    count(counters().used);
    return entry;
  } catch (...) {
    count(counters().failed);
    throw;
  }
}

std::shared_ptr<const MappedEntry> PreparedStore::map_new(const Making& making,
                                                          const base::PrivateFile& file) {
  // Read back before it is published, and from then on ours whatever becomes of its name.
  auto entry = mappings().add(std::make_shared<const MappedEntry>(making.key.name, file));
  evict(entry->stamp().size, making.key.name);
  return entry;
}

bool PreparedStore::holds(const MappedEntry& entry) const noexcept {
  try {
    const base::FileStamp stamp = base::stamp_of(directory_.path() / entry.name());
    return stamp.device == entry.stamp().device && stamp.inode == entry.stamp().inode;
  } catch (const std::exception&) {
    return false;
  }
}

void PreparedStore::drop(const MappedEntry& entry) {
  count(counters().rejected);
  try {
    const auto file = directory_.open_file(entry.name());
    if (!file) return;
    const base::FileStamp stamp = file->stamp();
    if (stamp.device != entry.stamp().device || stamp.inode != entry.stamp().inode) return;
  } catch (const Error&) {
    // What cannot be opened is no good entry either.
  }
  directory_.remove(entry.name());
}

void PreparedStore::evict(std::uint64_t bytes_to_come, const std::string& keep) {
  const auto items = oldest_first(directory_.list());
  std::uint64_t total = bytes_to_come;
  std::size_t records = 0;
  for (const auto& item : items) {
    if (is_entry(item.name) && item.name != keep) total += item.bytes;
    if (item.name.ends_with(kRecordSuffix)) ++records;
  }
  for (const auto& item : items) {
    if (item.name.ends_with(kRecordSuffix) && records > kMaxRecords && directory_.remove(item.name))
      --records;
    if (total <= limits_.cache_bytes || !is_entry(item.name) || item.name == keep) continue;
    if (!directory_.remove(item.name)) continue;
    total -= item.bytes;
    count(counters().evicted);
  }
}

void PreparedStore::remove_unfinished(bool locked) {
  const std::int64_t oldest = now_nanoseconds() - kAbandonedNanoseconds;
  for (const auto& item : directory_.list()) {
    if (!item.name.starts_with(PrivateDirectory::kTemporaryPrefix)) continue;
    // Nobody else prepares while we hold the lock. Records are written without it.
    if (item.mtime_ns < oldest || (locked && !item.name.ends_with(kRecordSuffix)))
      directory_.remove(item.name);
  }
  for (const auto& item : directory_.list_directories()) {
    if (item.name.starts_with(PrivateDirectory::kTemporaryPrefix) && (locked || item.mtime_ns < oldest))
      directory_.remove_tree(item.name);
  }
}

std::vector<PreparedEntry> PreparedStore::list() const {
  std::vector<PreparedEntry> entries;
  auto items = oldest_first(directory_.list());
  std::ranges::reverse(items);
  for (const auto& item : items) {
    if (!is_entry(item.name)) continue;
    try {
      if (const auto file = directory_.open_file(item.name)) entries.push_back(listed(item, *file));
    } catch (const Error&) {
      // Damaged: it is on the disk and counts, but does not say what it was.
      entries.push_back(
          {.key = item.name, .model = {}, .runtime_version = {}, .bytes = item.bytes, .last_used = {}});
    }
  }
  return entries;
}

std::size_t PreparedStore::clear() {
  const auto lock = directory_.lock();
  std::size_t entries = 0;
  for (const auto& item : directory_.list()) {
    const bool entry = is_entry(item.name);
    if (!entry && !item.name.ends_with(kRecordSuffix) &&
        !item.name.starts_with(PrivateDirectory::kTemporaryPrefix)) {
      continue;
    }
    if (directory_.remove(item.name) && entry) ++entries;
  }
  for (const auto& item : directory_.list_directories()) {
    if (item.name.starts_with(PrivateDirectory::kTemporaryPrefix)) directory_.remove_tree(item.name);
  }
  return entries;
}

PreparedStatistics prepared_statistics() noexcept {
  const Counters& all = counters();
  return {.used = all.used,
          .missing = all.missing,
          .rejected = all.rejected,
          .made = all.made,
          .failed = all.failed,
          .evicted = all.evicted};
}

}  // namespace onda::runtime

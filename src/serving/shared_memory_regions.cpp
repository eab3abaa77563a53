#include "serving/shared_memory_regions.h"

#include <map>
#include <mutex>
#include <utility>

#include "base/quoted.h"
#include "base/shared_memory_object.h"
#include "onda/error.h"

namespace onda::serving {
namespace {

/// As the protocol's messages have names: 'name'.
std::string in_quotes(std::string_view name) {
  std::string text = base::quoted(name, 256);
  text.front() = '\'';
  text.back() = '\'';
  return text;
}

class Region final : public SharedMemoryRegion {
 public:
  Region(base::SharedMemoryObject object, SharedMemoryStatus status)
      : object_(std::move(object)), status_(std::move(status)) {}

  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    require_within(offset, into.size());
    object_.read(status_.offset + offset, into);
  }

  void write(std::uint64_t offset, std::span<const std::byte> from) const override {
    require_within(offset, from.size());
    object_.write(status_.offset + offset, from);
  }

  [[nodiscard]] std::uint64_t byte_size() const noexcept override { return status_.byte_size; }
  [[nodiscard]] const SharedMemoryStatus& status() const noexcept { return status_; }

 private:
  void require_within(std::uint64_t offset, std::uint64_t size) const {
    if (offset >= status_.byte_size) {
      throw Error(ErrorCode::invalid_argument,
                  "Invalid offset for shared memory region: " + in_quotes(status_.name) + ": " +
                      std::to_string(offset) + " in " + std::to_string(status_.byte_size) + " bytes");
    }
    if (size > status_.byte_size - offset) {
      throw Error(ErrorCode::invalid_argument,
                  "Invalid offset + byte size for shared memory region: " + in_quotes(status_.name) + ": " +
                      std::to_string(offset) + " + " + std::to_string(size) + " in " +
                      std::to_string(status_.byte_size) + " bytes");
    }
  }

  base::SharedMemoryObject object_;
  SharedMemoryStatus status_;
};

base::SharedMemoryObject open_object(const std::string& key) {
  try {
    return base::SharedMemoryObject(key);
  } catch (const Error& error) {
    throw Error(ErrorCode::internal,
                "Unable to open shared memory region: " + in_quotes(key) + ": " + error.what());
  }
}

void require_piece(const base::SharedMemoryObject& object, const SharedMemoryStatus& asked) {
  const std::uint64_t size = object.size();
  if (asked.byte_size != 0 && asked.offset <= size && asked.byte_size <= size - asked.offset) return;
  throw Error(ErrorCode::invalid_argument,
              "failed to register shared memory region " + in_quotes(asked.name) + ": invalid args: " +
                  std::to_string(asked.byte_size) + " bytes from " + std::to_string(asked.offset) +
                  " on, where " + in_quotes(asked.key) + " has " + std::to_string(size));
}

Error not_found(std::string_view name) {
  return {ErrorCode::not_found, "Unable to find shared memory region: " + in_quotes(name)};
}

}  // namespace

class SharedMemoryRegions::Impl {
 public:
  Impl(bool enabled, std::size_t max_regions) : is_enabled_(enabled), max_regions_(max_regions) {}

  void require_enabled() const {
    if (!is_enabled_) {
      throw Error(ErrorCode::unimplemented,
                  "Client shared memory is disabled: start the server with --allow-client-shm");
    }
  }

  void add(SharedMemoryStatus status) {
    require_free(status.name);
    // Opened without the lock: a request that looks for its region does not wait for the system.
    auto object = open_object(status.key);
    require_piece(object, status);
    auto name = status.name;
    auto region = std::make_shared<const Region>(std::move(object), std::move(status));
    const std::scoped_lock lock(mutex_);
    require_free_locked(name);
    regions_.emplace(std::move(name), std::move(region));
  }

  void remove(std::string_view name) {
    // Closed without the lock, where no request has them.
    Regions gone;
    const std::scoped_lock lock(mutex_);
    if (name.empty()) {
      regions_.swap(gone);
    } else if (const auto found = regions_.find(name); found != regions_.end()) {
      gone.insert(regions_.extract(found));
    }
  }

  [[nodiscard]] std::vector<SharedMemoryStatus> status(std::string_view name) const {
    std::vector<SharedMemoryStatus> result;
    const std::scoped_lock lock(mutex_);
    for (const auto& [known, region] : regions_) {
      if (name.empty() || known == name) result.push_back(region->status());
    }
    if (result.empty() && !name.empty()) throw not_found(name);
    return result;
  }

  [[nodiscard]] std::shared_ptr<const SharedMemoryRegion> find(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = regions_.find(name);
    if (found == regions_.end()) throw not_found(name);
    return found->second;
  }

 private:
  using Regions = std::map<std::string, std::shared_ptr<const Region>, std::less<>>;

  void require_free(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    require_free_locked(name);
  }

  void require_free_locked(const std::string& name) const {
    if (regions_.contains(name)) {
      throw Error(ErrorCode::already_exists,
                  "shared memory region " + in_quotes(name) + " already in manager");
    }
    if (regions_.size() >= max_regions_) {
      throw Error(ErrorCode::resource_exhausted, "there are " + std::to_string(regions_.size()) +
                                                     " shared memory regions, which is the most: unregister "
                                                     "those that are not in use");
    }
  }

  const bool is_enabled_;
  const std::size_t max_regions_;
  mutable std::mutex mutex_;
  Regions regions_;  // guarded by mutex_
};

SharedMemoryRegions::SharedMemoryRegions(bool enabled, std::size_t max_regions)
    : impl_(std::make_unique<Impl>(enabled, max_regions)) {}

SharedMemoryRegions::~SharedMemoryRegions() = default;

void SharedMemoryRegions::register_system(std::string_view name, std::string_view key, std::uint64_t offset,
                                          std::uint64_t byte_size) {
  impl_->require_enabled();
  if (name.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "failed to register shared memory region '': invalid args: a "
                "region needs a name");
  }
  impl_->add({std::string(name), std::string(key), offset, byte_size});
}

void SharedMemoryRegions::unregister_system(std::string_view name) {
  impl_->require_enabled();
  impl_->remove(name);
}

std::vector<SharedMemoryStatus> SharedMemoryRegions::status(std::string_view name) const {
  return impl_->status(name);
}

std::shared_ptr<const SharedMemoryRegion> SharedMemoryRegions::find(std::string_view name) const {
  return impl_->find(name);
}

}  // namespace onda::serving

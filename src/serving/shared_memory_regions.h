#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onda::serving {

/// A piece of a POSIX shared-memory object that a client registered.
class SharedMemoryRegion {
 public:
  virtual ~SharedMemoryRegion() = default;
  /// Copies out of or into the object (pread, pwrite): the client may shrink or change it at any time, so
  /// nothing of it is mapped. Throws invalid_argument where offset and size leave the region ("Invalid offset
  /// …") or the object has become too short.
  virtual void read(std::uint64_t offset, std::span<std::byte> into) const = 0;
  virtual void write(std::uint64_t offset, std::span<const std::byte> from) const = 0;
  [[nodiscard]] virtual std::uint64_t byte_size() const noexcept = 0;
};

struct SharedMemoryStatus {
  std::string name;
  std::string key;
  std::uint64_t offset = 0;
  std::uint64_t byte_size = 0;
};

/// The regions of all clients, by name. Safe from any thread. Texts and codes are those of the protocol (§17,
/// §20).
class SharedMemoryRegions {
 public:
  /// Not enabled: registering is unimplemented ("Client shared memory is disabled"), and so is unregistering.
  /// Each region holds an open file: `max_regions` bounds them.
  explicit SharedMemoryRegions(bool enabled, std::size_t max_regions = 1024);
  SharedMemoryRegions(const SharedMemoryRegions&) = delete;
  SharedMemoryRegions& operator=(const SharedMemoryRegions&) = delete;
  ~SharedMemoryRegions();

  /// Throws already_exists, invalid_argument for a piece that the object does not have, internal where the
  /// object cannot be opened, resource_exhausted for one too many.
  void register_system(std::string_view name, std::string_view key, std::uint64_t offset,
                       std::uint64_t byte_size);
  /// "": all. An unknown name is no error. A request that uses the region keeps it until it ends.
  void unregister_system(std::string_view name);
  /// "": all; otherwise that one, not_found for an unknown name.
  [[nodiscard]] std::vector<SharedMemoryStatus> status(std::string_view name) const;
  /// For a request. Throws not_found ("Unable to find shared memory region: '…'").
  [[nodiscard]] std::shared_ptr<const SharedMemoryRegion> find(std::string_view name) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::serving

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace onda::base {

/// New content for a file, which takes its place by `publish` and is gone without. Several that shall all be
/// written or none are made first, then published one after the other: what can fail has happened by then,
/// but for what others do to the directory meanwhile.
class PendingFile {
 public:
  /// Writes the content to a temporary file beside `path`. A file that is replaced keeps its permissions;
  /// behind a link its target is replaced. A pipe or a device is left alone until `publish`, and `bytes` stay
  /// valid until then. Throws as `write_file_atomically` does.
  PendingFile(const std::filesystem::path& path, std::span<const std::byte> bytes, bool sync = false);
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&& other) = delete;
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  /// Once. Readers see the old or the whole new content. Throws as `write_file_atomically` does, with nothing
  /// left behind.
  void publish();

  /// Whether it is a pipe or a device: what is written there cannot be taken back, and may fail.
  [[nodiscard]] bool is_stream() const noexcept { return is_stream_; }

 private:
  void write_beside(std::span<const std::byte> bytes, int mode);

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: published, or a stream
  std::span<const std::byte> to_stream_;
  bool is_stream_ = false;
  bool sync_;
};

}  // namespace onda::base

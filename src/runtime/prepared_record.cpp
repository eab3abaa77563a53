#include "runtime/prepared_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <span>
#include <string_view>

#include "base/digest.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "runtime/model_file.h"
#include "runtime/prepared_text.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "onda model record 1";
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{16} << 20;
constexpr std::size_t kMaxFiles = 100'000;
constexpr int kAttempts = 3;
// Coarser than the clock of any file system that matters (FAT has 2 s).
constexpr std::int64_t kSettlingNanoseconds = 2'000'000'000;

std::int64_t nanoseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::string sha256_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::permission_denied, "cannot read " + base::quoted_path(path));
  std::vector<char> block(std::size_t{256} << 10);
  base::Sha256 digest;
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.update(std::string_view(block.data(), static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad()) throw Error(ErrorCode::data_loss, "cannot read all of " + base::quoted_path(path));
  return base::to_hex(digest.finish());
}

/// Stamp and digest of one state of the file.
IdentifiedFile read_file_identity(const fs::path& path, const std::string& name, const Now& now) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::int64_t start = nanoseconds(now());
    IdentifiedFile file{.name = name, .stamp = base::stamp_of(path), .sha256 = {}, .settled = false};
    file.sha256 = sha256_of_file(path);
    if (base::stamp_of(path) != file.stamp) continue;
    // Decided by the time of change, which nobody sets: that of modification can be put back.
    file.settled = file.stamp.ctime_ns <= start - kSettlingNanoseconds;
    return file;
  }
  throw Error(ErrorCode::failed_precondition,
              base::quoted_path(path) + " changes while it is read; try again when it is whole");
}

/// The file that a load of the model would read.
fs::path path_of(const ModelIdentity& identity, const std::string& name) {
  return name.empty() ? identity.model : external_path(identity.opened, name);
}

std::string line_of(const IdentifiedFile& file) {
  std::string line = "file " + to_word(file.name);
  for (const std::uint64_t number : {file.stamp.device, file.stamp.inode, file.stamp.size}) {
    line += " " + std::to_string(number);
  }
  line += " " + std::to_string(file.stamp.mtime_ns) + " " + std::to_string(file.stamp.ctime_ns);
  return line + " " + file.sha256 + "\n";
}

std::string digest_line(std::string_view text) {
  return "xxh3 " + base::to_hex(base::Xxh3::of(std::as_bytes(std::span(text)))) + "\n";
}

std::string text_of(const ModelIdentity& identity) {
  std::string text = std::string(kHeader) + "\nmodel " + to_word(identity.model.string()) + "\n";
  for (IdentifiedFile file : identity.files) {
    // Its name is kept, but no stamp: no file has that one.
    if (!file.settled) file.stamp = {};
    text += line_of(file);
  }
  return text + digest_line(text);
}

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

template <typename T>
bool take_number(std::string_view& line, T& value) {
  const std::string_view word = take(line, ' ');
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

std::optional<IdentifiedFile> file_of(std::string_view line) {
  if (take(line, ' ') != "file") return std::nullopt;
  const std::optional<std::string> name = from_word(take(line, ' '));
  // Made in place: GCC 12 warns at link time of an overflow, where there is none, if it is moved into the
  // optional.
  auto file = std::make_optional<IdentifiedFile>();
  auto& stamp = file->stamp;
  if (!name || !take_number(line, stamp.device) || !take_number(line, stamp.inode) ||
      !take_number(line, stamp.size) || !take_number(line, stamp.mtime_ns) ||
      !take_number(line, stamp.ctime_ns)) {
    return std::nullopt;
  }
  file->name = *name;
  file->sha256 = line;
  file->settled = true;
  if (file->sha256.size() != 64) return std::nullopt;
  return file;
}

/// The files of a record; none where it is damaged or of another model.
std::vector<IdentifiedFile> files_of(std::string_view text, const fs::path& model) {
  constexpr std::size_t kDigestLine = 5 + 32 + 1;
  if (text.size() < kDigestLine) return {};
  const std::string_view body = text.substr(0, text.size() - kDigestLine);
  if (text.substr(body.size()) != digest_line(body)) return {};
  std::string_view rest = body;
  if (take(rest, '\n') != kHeader || take(rest, '\n') != "model " + to_word(model.string())) return {};
  std::vector<IdentifiedFile> files;
  while (!rest.empty()) {
    auto file = file_of(take(rest, '\n'));
    if (!file) return {};
    files.push_back(std::move(*file));
  }
  return files;
}

std::string record_name(const fs::path& model) {
  return base::to_hex(base::Sha256().update(model.string()).finish()) + ".record";
}

std::vector<IdentifiedFile> read_record(const fs::path& model, const base::PrivateDirectory& directory) {
  try {
    const auto file = directory.open_file(record_name(model));
    if (!file) return {};
    const std::vector<std::byte> bytes = file->read(kMaxRecordBytes);
    return files_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, model);
  } catch (const Error&) {
    return {};  // Whatever is wrong with it, the files themselves tell.
  }
}

void write_record(const ModelIdentity& identity, base::PrivateDirectory& directory) {
  const std::string name = record_name(identity.model);
  std::string temporary;
  try {
    const std::string text = text_of(identity);
    auto created = directory.create_temporary(".record");
    temporary = created.name;
    created.file.append(std::as_bytes(std::span(text)));
    directory.rename(temporary, name);
  } catch (const Error&) {
    if (!temporary.empty()) directory.remove(temporary);  // The next start hashes again, no more.
  }
}

/// Answers from the record as far as it is good.
class Identification {
 public:
  Identification(ModelIdentity& identity, const std::vector<IdentifiedFile>& recorded, Hashing hashing,
                 const Now& now)
      : identity_(identity), recorded_(recorded), hashing_(hashing), now_(now) {}

  /// False where the file would have to be read and may not.
  bool add(const std::string& name) {
    if (identity_.files.size() >= kMaxFiles) {
      throw Error(ErrorCode::resource_exhausted,
                  "the model has more than " + std::to_string(kMaxFiles) + " files");
    }
    const fs::path path = path_of(identity_, name);
    const auto known = std::ranges::find(recorded_, name, &IdentifiedFile::name);
    if (known != recorded_.end() && known->stamp == base::stamp_of(path)) {
      identity_.files.push_back(*known);
      return true;
    }
    if (hashing_ == Hashing::never) return false;
    identity_.files.push_back(read_file_identity(path, name, now_));
    ++identity_.hashed;
    return true;
  }

 private:
  ModelIdentity& identity_;
  const std::vector<IdentifiedFile>& recorded_;
  Hashing hashing_;
  const Now& now_;
};

/// The names of the external data: from the record, if the model file is the one that was recorded.
std::vector<std::string> external_names(const ModelIdentity& identity,
                                        const std::vector<IdentifiedFile>& recorded,
                                        const ExternalFiles& external) {
  std::vector<std::string> names;
  if (identity.hashed == 0) {
    for (const IdentifiedFile& file : recorded) {
      if (!file.name.empty()) names.push_back(file.name);
    }
    return names;
  }
  names = external(identity.model);
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

}  // namespace

bool ModelIdentity::is_current() const {
  return std::ranges::all_of(files, [this](const IdentifiedFile& file) {
    const fs::path path = path_of(*this, file.name);
    if (base::stamp_of(path) != file.stamp) return false;
    return file.settled || sha256_of_file(path) == file.sha256;
  });
}

std::optional<ModelIdentity> identify_model(const fs::path& model, base::PrivateDirectory& directory,
                                            const ExternalFiles& external, Hashing hashing, const Now& now) {
  static_cast<void>(base::stamp_of(model));  // Its error names the path as it was given.
  ModelIdentity identity;
  identity.model = fs::canonical(model);
  identity.opened = fs::absolute(model);
  const std::vector<IdentifiedFile> recorded = read_record(identity.model, directory);
  Identification identification(identity, recorded, hashing, now);
  if (!identification.add("")) return std::nullopt;
  for (const std::string& name : external_names(identity, recorded, external)) {
    if (!identification.add(name)) return std::nullopt;
  }
  if (identity.hashed > 0) write_record(identity, directory);
  return identity;
}

}  // namespace onda::runtime

#include "runtime/library.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "onda/error.h"

namespace onda::runtime {
namespace {

constexpr const char* kFileName = "libonnxruntime.so.1";
constexpr const char* kEnvironmentVariable = "ONDA_ONNXRUNTIME";

std::filesystem::path from_environment() {
  const char* value = std::getenv(kEnvironmentVariable);
  return value == nullptr ? "" : value;
}

std::string headers_version() { return "1." + std::to_string(ORT_API_VERSION); }

[[noreturn]] void throw_not_found(const std::vector<std::filesystem::path>& places, const std::string& last) {
  std::string looked;
  for (const auto& place : places) {
    if (!looked.empty()) looked += ", ";
    looked += place.has_parent_path() ? place.string() : "the system's " + place.string();
  }
  throw Error(ErrorCode::not_found,
              "ONNX Runtime " + headers_version() + " or newer was not found; looked at " + looked +
                  "; give its library by --onnxruntime PATH or " + kEnvironmentVariable +
                  "=PATH (the release archive, or PyPI's onnxruntime wheel, has libonnxruntime.so)" +
                  (last.empty() ? "" : "; " + last));
}

}  // namespace

std::optional<int> api_version_of(std::string_view version) noexcept {
  if (!version.starts_with("1.")) return std::nullopt;
  version.remove_prefix(2);
  int minor = 0;
  const auto result = std::from_chars(version.data(), version.data() + version.size(), minor);
  if (result.ec != std::errc{}) return std::nullopt;
  return minor;
}

std::vector<std::filesystem::path> Library::search_path(const std::filesystem::path& explicit_path) {
  if (!explicit_path.empty()) return {explicit_path};
  if (auto path = from_environment(); !path.empty()) return {std::move(path)};
  std::vector<std::filesystem::path> places;
  if (const auto program = base::program_file(); !program.empty()) {
    const auto directory = program.parent_path();
    places.push_back(directory / kFileName);
    places.push_back((directory / ".." / "lib" / "onda" / kFileName).lexically_normal());
  }
  places.emplace_back(kFileName);
  return places;
}

Library Library::open(const std::filesystem::path& explicit_path) {
  const bool named = !explicit_path.empty() || !from_environment().empty();
  const auto places = search_path(explicit_path);
  std::string last;
  for (auto place : places) {
    // A bare name that a user gives is a file here; for the loader it would be one of the system's.
    if (named && !place.has_parent_path()) place = std::filesystem::path(".") / place;
    std::error_code ignored;
    if (place.has_parent_path() && !std::filesystem::exists(place, ignored)) continue;
    try {
      return Library(base::SharedLibrary(place));
    } catch (const Error& error) {
      if (named || error.code() != ErrorCode::not_found) {
        throw error.with_context("ONNX Runtime's library " + place.string());
      }
      last = error.what();
    }
  }
  throw_not_found(places, last);
}

Library::Library(base::SharedLibrary library) : library_(std::move(library)) {
  using GetApiBase = const OrtApiBase* (*)();
  const auto get_base = reinterpret_cast<GetApiBase>(library_.symbol("OrtGetApiBase"));
  if (get_base == nullptr) {
    throw Error(ErrorCode::data_loss, "is no ONNX Runtime: it has no OrtGetApiBase; give another file");
  }
  const OrtApiBase* base = get_base();
  version_ = base->GetVersionString();
  // Asked for a newer API than it has, the library answers null and prints a line of its own: so compare
  // first.
  const auto served = api_version_of(version_);
  if (!served || *served < ORT_API_VERSION || (api_ = base->GetApi(ORT_API_VERSION)) == nullptr) {
    throw Error(ErrorCode::failed_precondition, "is version " + version_ + ", Onda needs " +
                                                    headers_version() + " or newer; give a newer one");
  }
}

}  // namespace onda::runtime

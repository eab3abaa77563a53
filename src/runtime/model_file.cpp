#include "runtime/model_file.h"

#include <array>
#include <set>

#include "base/quoted.h"
#include "base/random_access_file.h"
#include "base/wire_stream.h"
#include "onda/error.h"
#include "runtime/model_file_reader.h"

namespace onda::runtime {
namespace {

/// Of ONNX Runtime's own format, behind the offset that every flatbuffer begins with.
constexpr std::string_view kOrtIdentifier = "ORTM";
constexpr std::size_t kIdentifierOffset = 4;

bool is_ort_format(base::ByteSource& source) {
  const auto start = source.piece(0);
  if (start.size() < kIdentifierOffset + kOrtIdentifier.size()) return false;
  const auto identifier = start.subspan(kIdentifierOffset, kOrtIdentifier.size());
  return kOrtIdentifier ==
         std::string_view(reinterpret_cast<const char*>(identifier.data()), identifier.size());
}

ModelFile read_from(base::ByteSource& source) {
  ModelFile file;
  if (source.size() == 0) throw Error(ErrorCode::data_loss, "it is empty");
  if (is_ort_format(source)) {
    file.format = ModelFormat::ort;
  } else {
    file = ModelFileReader(source).read();
  }
  file.file_bytes = source.size();
  return file;
}

/// What the bytes turn out to be is the second half of the sentence.
Error about_the_model(const Error& error, const std::string& model) {
  if (error.code() != ErrorCode::data_loss) return error.with_context(model);
  return error.with_context(model + " is no ONNX model, or a damaged or truncated one");
}

}  // namespace

std::vector<std::string> ModelFile::external_locations() const {
  std::set<std::string> locations;
  for (const ExternalTensor& tensor : external_tensors) locations.insert(tensor.location);
  return {locations.begin(), locations.end()};
}

ModelFile read_model_file(const std::filesystem::path& path) {
  const base::RandomAccessFile file(path);
  base::FileSource source(file);
  try {
    return read_from(source);
  } catch (const Error& error) {
    throw about_the_model(error, base::quoted_path(path));
  }
}

ModelFile read_model_file(std::span<const std::byte> model) {
  base::MemorySource source(model);
  try {
    return read_from(source);
  } catch (const Error& error) {
    throw about_the_model(error, "the model in memory");
  }
}

}  // namespace onda::runtime

#include "serving/model_config_reader.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include "base/quoted.h"
#include "base/utf8.h"
#include "onda/error.h"
#include "serving/config_message.h"
#include "serving/model_config.pb.h"

namespace onda::serving {
namespace {

/// Messages in messages: the schema has four levels, the rest is for fields that we do not know.
constexpr int kMaxDepth = 32;
/// Of protobuf's own words, which may quote the text.
constexpr std::size_t kMaxReason = 200;
constexpr std::size_t kMaxWarnings = 50;

void require_readable(std::string_view text) {
  if (text.size() > kMaxConfigBytes) {
    throw Error(ErrorCode::resource_exhausted, "the configuration has " + std::to_string(text.size()) +
                                                   " bytes, more than " + std::to_string(kMaxConfigBytes));
  }
  if (!base::is_utf8(text)) throw Error(ErrorCode::invalid_argument, "the configuration is not UTF-8 text");
}

/// protobuf's words. What follows their first line is a piece of the text.
std::string plain(std::string_view reason) {
  const std::string quoted = base::quoted(reason.substr(0, reason.find('\n')), kMaxReason);
  return quoted.substr(1, quoted.size() - 2);
}

/// Keeps the first error, and what was not understood and skipped.
class Notes : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (error_.empty()) error_ = position(line, column) + ": " + plain(message);
  }
  void AddWarning(int line, int column, const std::string& message) override {
    if (warnings_.size() < kMaxWarnings) warnings_.push_back(position(line, column) + ": " + plain(message));
  }

  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  [[nodiscard]] std::vector<std::string>& warnings() noexcept { return warnings_; }

 private:
  static std::string position(int line, int column) {
    return std::to_string(line + 1) + ':' + std::to_string(column + 1);
  }

  std::string error_;
  std::vector<std::string> warnings_;
};

}  // namespace

ReadConfig read_config_text(std::string_view text, const ConfigReadOptions& options) {
  require_readable(text);
  inference::ModelConfig message;
  Notes notes;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&notes);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMaxDepth);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  if (!parser.Parse(&stream, &message)) {
    throw Error(ErrorCode::invalid_argument,
                notes.error().empty() ? "the configuration cannot be read" : notes.error());
  }
  ReadConfig result = config_of(message, options);
  result.warnings.insert(result.warnings.begin(), notes.warnings().begin(), notes.warnings().end());
  return result;
}

void parse_config_json(std::string_view text, inference::ModelConfig& message) {
  require_readable(text);
  google::protobuf::util::JsonParseOptions strict;
  strict.ignore_unknown_fields = false;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &message, strict);
  if (!status.ok())
    throw Error(ErrorCode::invalid_argument, "the configuration is no JSON of a model: " +
                                                 plain({status.message().data(), status.message().size()}));
}

ReadConfig read_config_json(std::string_view text, const ConfigReadOptions& options) {
  inference::ModelConfig message;
  parse_config_json(text, message);
  return config_of(message, options);
}

}  // namespace onda::serving

#include "conformance/case_list.h"

#include <sstream>

#include "base/files.h"
#include "onda/error.h"

namespace onda::test {

std::map<std::string, std::string> read_case_list(const std::filesystem::path& file) {
  const auto bytes = base::read_file(file, 1U << 20U);
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::map<std::string, std::string> cases;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(": ");
    if (colon == std::string::npos || colon == 0 || colon + 2 == line.size()) {
      throw Error(ErrorCode::invalid_argument, file.string() + ": a line without a text: " + line);
    }
    if (!cases.emplace(line.substr(0, colon), line.substr(colon + 2)).second) {
      throw Error(ErrorCode::invalid_argument, file.string() + ": named twice: " + line.substr(0, colon));
    }
  }
  return cases;
}

}  // namespace onda::test

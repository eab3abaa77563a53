#include "runtime/prepared_text.h"

#include <gtest/gtest.h>

#include <string>

namespace onda::runtime {
namespace {

TEST(PreparedText, AnyTextIsOneWordAndComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& text : {std::string(), std::string("a/b.onnx"), std::string("a b\nc%41"), all}) {
    const std::string word = to_word(text);
    EXPECT_FALSE(word.empty());
    EXPECT_EQ(word.find_first_of(" \n\t"), std::string::npos);
    EXPECT_EQ(from_word(word), text);
  }
  EXPECT_EQ(to_word("a b%"), "a%20b%25");
}

TEST(PreparedText, RefusesWhatIsNoWord) {
  for (const char* word : {"", "a b", "%4", "%zz", "a%", "%%", "%4G", "\n", "\x80"}) {
    EXPECT_FALSE(from_word(word).has_value()) << word;
  }
}

}  // namespace
}  // namespace onda::runtime

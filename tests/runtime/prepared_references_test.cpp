#include "runtime/prepared_references.h"

#include <gtest/gtest.h>

#include <string>

#include "support/error_matchers.h"
#include "support/external_graph.h"

namespace onda::runtime {
namespace {

using test::ExternalWeight;
using test::throws_error;

constexpr std::uint64_t kWeightsBytes = 4096;

void require(const ExternalWeight& weight) {
  const std::string graph = test::external_graph(weight);
  require_own_references(std::as_bytes(std::span(graph)), "entry", kWeightsBytes);
}

testing::AssertionResult refuses(const ExternalWeight& weight, std::string_view reason) {
  return throws_error(
      [&] {
        require(weight);
        return 0;
      },
      ErrorCode::data_loss, "\"w\"", reason);
}

TEST(PreparedReferences, WithinTheEntryAreTaken) {
  EXPECT_NO_THROW(require({.location = "entry"}));
  EXPECT_NO_THROW(require({.location = "entry", .offset = "3072"}));
  EXPECT_NO_THROW(require({.location = "entry", .prepacked = "MatMul+1|1024;1024;0|2048;2048;0"}));
  EXPECT_NO_THROW(require({.location = "entry", .prepacked = "MatMul+1"})) << "without a packed form";
}

TEST(PreparedReferences, ToAnotherFileAreRefused) {
  for (const char* location :
       {"other", "./entry", "../prepared/entry", "/etc/passwd", "*/_ORT_MEM_ADDR_/*", ""})
    EXPECT_TRUE(refuses({.location = location}, "another file")) << location;
}

TEST(PreparedReferences, BehindTheWeightsAreRefused) {
  EXPECT_TRUE(refuses({.location = "entry", .offset = "3073"}, "outside"));
  EXPECT_TRUE(refuses({.location = "entry", .offset = "4097", .length = "1"}, "outside"));
  EXPECT_TRUE(refuses({.location = "entry", .length = "18446744073709551615"}, "outside"));
  EXPECT_TRUE(refuses({.location = "entry", .offset = "18446744073709551615"}, "outside"));
}

TEST(PreparedReferences, WithoutALengthAreRefused) {
  EXPECT_TRUE(refuses({.location = "entry", .length = ""}, "no length"));
  EXPECT_TRUE(refuses({.location = "entry", .length = "0"}, "no length"))
      << "which ONNX Runtime takes for the whole file";
}

TEST(PreparedReferences, OfPackedFormsAreCheckedToo) {
  for (const char* outside : {"k|4000;100;0", "k|0;16;0|4097;0;0", "k|18446744073709551615;2;0"})
    EXPECT_TRUE(refuses({.location = "entry", .prepacked = outside}, "outside")) << outside;
  for (const char* unclear : {"k|x;1;0", "k|1", "k|-1;1;0", "k|0;1;0||1;1;0", "k|0x1;1;0", "k| 1;1;0"})
    EXPECT_TRUE(refuses({.location = "entry", .prepacked = unclear}, "not understood")) << unclear;
}

TEST(PreparedReferences, OfWhatIsNoModelAreRefused) {
  const std::string text = "no model at all";
  EXPECT_TRUE(throws_error(
      [&] {
        require_own_references(std::as_bytes(std::span(text)), "entry", kWeightsBytes);
        return 0;
      },
      ErrorCode::data_loss));
}

}  // namespace
}  // namespace onda::runtime

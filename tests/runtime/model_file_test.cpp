#include "runtime/model_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/in_child.h"
#include "support/paths.h"
#include "support/temp_directory.h"
#include "support/wire_writer.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using test::throws_error;
using test::WireWriter;

fs::path model_path(const std::string& name) {
  return test::source_dir() / "tests/data/models" / (name + ".onnx");
}
ModelFile read(const std::string& name) { return read_model_file(model_path(name)); }
ModelFile read_text(const std::string& text) { return read_model_file(std::as_bytes(std::span(text))); }

std::uint64_t count_of(const ModelFile& file, std::string_view domain, std::string_view type) {
  for (const OperatorCount& count : file.operators) {
    if (count.domain == domain && count.type == type) return count.count;
  }
  return 0;
}

// Messages of ONNX, under the numbers of its fields.
WireWriter model_of(const WireWriter& graph) {
  return WireWriter().number(1, 10).message(8, WireWriter().number(2, 21)).message(7, graph);
}
WireWriter node_of(std::string_view type) { return WireWriter().bytes(4, type); }
WireWriter entry_of(std::string_view key, std::string_view value) {
  return WireWriter().bytes(1, key).bytes(2, value);
}
WireWriter external_tensor(std::string_view name, std::string_view location) {
  return WireWriter()
      .number(1, 3)
      .number(2, 1)
      .bytes(8, name)
      .message(13, entry_of("location", location))
      .number(14, 1);
}
WireWriter input_of(std::string_view name, const WireWriter& type) {
  return WireWriter().bytes(1, name).message(2, type);
}

TEST(ModelFile, TellsHeadAndGraph) {
  const ModelFile file = read("tiny");
  EXPECT_EQ(file.format, ModelFormat::onnx);
  EXPECT_EQ(file.file_bytes, fs::file_size(model_path("tiny")));
  EXPECT_EQ(file.metadata.ir_version, 8);
  ASSERT_EQ(file.metadata.opsets.size(), 1U);
  EXPECT_EQ(file.metadata.opsets[0].domain, "");
  EXPECT_EQ(file.metadata.opsets[0].version, 13);
  EXPECT_EQ(file.nodes, 5U);
  EXPECT_EQ(count_of(file, "", "MatMul"), 2U);
  EXPECT_EQ(file.domains, std::vector<std::string>{""});
  EXPECT_EQ(file.weights, 3U);
  EXPECT_EQ(file.weight_elements, 64U * 32 + 32 + 32 * 10);
  EXPECT_EQ(file.inline_weight_bytes, file.weight_elements * 4);
  EXPECT_EQ(file.external_weight_bytes, 0U);
  ASSERT_EQ(file.inputs.size(), 1U);
  EXPECT_EQ(file.inputs[0].value.name, "x");
  EXPECT_EQ(file.inputs[0].value.shape, (Shape{Shape::kDynamic, 64}));
  EXPECT_EQ(file.inputs[0].value.dimension_names, (std::vector<std::string>{"N", ""}));
  EXPECT_EQ(file.inputs[0].type, "tensor(float32)");
  ASSERT_EQ(file.outputs.size(), 1U);
  EXPECT_EQ(file.outputs[0].value.name, "y");
}

TEST(ModelFile, IsTheSameFromMemory) {
  const auto bytes = base::read_file(model_path("transformer"), 1U << 20U);
  const ModelFile memory = read_model_file(std::span(bytes));
  const ModelFile file = read("transformer");
  EXPECT_EQ(memory.file_bytes, file.file_bytes);
  EXPECT_EQ(memory.nodes, file.nodes);
  EXPECT_EQ(memory.weight_elements, file.weight_elements);
  EXPECT_EQ(memory.operators.size(), file.operators.size());
  EXPECT_EQ(memory.inputs.size(), 2U);
  EXPECT_EQ(memory.metadata.graph_name, file.metadata.graph_name);
}

TEST(ModelFile, TellsEveryFieldOfMetadata) {
  const ModelFile file = read_text(model_of(WireWriter().bytes(2, "net"))
                                       .bytes(2, "producer")
                                       .bytes(3, "1.2")
                                       .bytes(4, "org.example")
                                       .number(5, 7)
                                       .bytes(6, "what it does")
                                       .message(8, WireWriter().bytes(1, "com.example").number(2, 3))
                                       .message(14, entry_of("k", "first"))
                                       .message(14, entry_of("k", "last"))
                                       .text());
  EXPECT_EQ(file.metadata.graph_name, "net");
  EXPECT_EQ(file.metadata.producer_name, "producer");
  EXPECT_EQ(file.metadata.producer_version, "1.2");
  EXPECT_EQ(file.metadata.domain, "org.example");
  EXPECT_EQ(file.metadata.model_version, 7);
  EXPECT_EQ(file.metadata.description, "what it does");
  EXPECT_EQ(file.metadata.opsets.size(), 2U);
  EXPECT_EQ(file.domains, (std::vector<std::string>{"", "com.example"}));
  EXPECT_EQ(file.metadata.custom.at("k"), "last");
}

TEST(ModelFile, TellsTypesThatTheRuntimeRefuses) {
  EXPECT_EQ(read("identity_int2").inputs.at(0).type, "tensor(int2)");
  EXPECT_EQ(read("identity_int2").inputs.at(0).value.dtype, DType::int2);
  EXPECT_EQ(read("identity_complex64").outputs.at(0).value.dtype, DType::complex64);
  const ModelFile unknown = read("dtype_99");
  EXPECT_EQ(unknown.inputs.at(0).type, "tensor(unknown type 99)");
  EXPECT_EQ(unknown.inputs.at(0).onnx_dtype, 99);
  EXPECT_EQ(unknown.inputs.at(0).value.dtype, DType::undefined);
}

TEST(ModelFile, TellsWhatIsNoTensor) {
  EXPECT_EQ(read("sequence_input").inputs.at(0).value.kind, ValueKind::sequence);
  EXPECT_EQ(read("sequence_input").inputs.at(0).type, "sequence(tensor(float32))");
  EXPECT_EQ(read("map_output").outputs.at(0).type, "sequence(map(string,tensor(float32)))");
  EXPECT_EQ(read("optional_input").inputs.at(0).type, "optional(tensor(float32))");
  const auto sparse = WireWriter().message(8, WireWriter().number(1, 11));
  const auto opaque = WireWriter().message(7, WireWriter());
  const ModelFile file = read_text(model_of(WireWriter()
                                                .message(11, input_of("s", sparse))
                                                .message(11, input_of("o", opaque))
                                                .message(11, WireWriter().bytes(1, "u")))
                                       .text());
  EXPECT_EQ(file.inputs.at(0).type, "sparse_tensor(float64)");
  EXPECT_EQ(file.inputs.at(0).value.kind, ValueKind::sparse_tensor);
  EXPECT_EQ(file.inputs.at(1).value.kind, ValueKind::opaque);
  EXPECT_EQ(file.inputs.at(2).type, "untyped");
}

TEST(ModelFile, TellsUnknownRankFromScalar) {
  EXPECT_FALSE(read("unknown_rank").inputs.at(0).value.has_shape);
  const ModelFile scalar = read("scalar");
  EXPECT_TRUE(scalar.inputs.at(0).value.has_shape);
  EXPECT_EQ(scalar.inputs.at(0).value.shape.rank(), 0U);
  const ModelFile unnamed = read("unnamed_dims");
  EXPECT_EQ(unnamed.inputs.at(0).value.shape, (Shape{Shape::kDynamic, 3}));
  EXPECT_EQ(unnamed.inputs.at(0).value.dimension_names, (std::vector<std::string>{"", ""}));
}

TEST(ModelFile, TellsWhichInputsHaveDefaults) {
  const ModelFile file = read("initializer_as_input");
  ASSERT_EQ(file.inputs.size(), 2U);
  EXPECT_FALSE(file.inputs[0].value.optional);
  EXPECT_TRUE(file.inputs[1].value.optional);
  // Before IR version 4 they cannot be given.
  EXPECT_EQ(read("initializer_as_input_ir3").inputs.size(), 1U);
}

TEST(ModelFile, CountsFunctionsAndTheirNodes) {
  const ModelFile file = read("local_function");
  EXPECT_EQ(file.functions, 1U);
  EXPECT_EQ(file.nodes, 2U);
  EXPECT_EQ(count_of(file, "org.example", "Twice"), 1U);
  EXPECT_EQ(count_of(file, "", "Add"), 1U);
}

TEST(ModelFile, CountsNodesInsideOfNodes) {
  EXPECT_EQ(count_of(read("slow_loop"), "", "Sin"), 1U);
  // The outer node's type follows its attributes.
  const auto body = WireWriter().message(1, node_of("Inner")).message(1, node_of("Inner"));
  const auto outer = WireWriter()
                         .message(5, WireWriter().message(6, body))
                         .message(5, WireWriter().message(11, body))
                         .bytes(4, "If");
  const ModelFile file = read_text(model_of(WireWriter().message(1, outer)).text());
  EXPECT_EQ(count_of(file, "", "If"), 1U);
  EXPECT_EQ(count_of(file, "", "Inner"), 4U);
}

TEST(ModelFile, TakesBothSpellingsOfTheFirstDomain) {
  const ModelFile file = read_text(
      model_of(WireWriter().message(1, node_of("Add")).message(1, node_of("Add").bytes(7, "ai.onnx")))
          .text());
  EXPECT_EQ(count_of(file, "", "Add"), 2U);
  EXPECT_EQ(file.domains, std::vector<std::string>{""});
}

TEST(ModelFile, TellsExternalData) {
  const ModelFile file = read("external");
  EXPECT_EQ(file.external_locations(), (std::vector<std::string>{"external.bin", "external_bias.bin"}));
  ASSERT_EQ(file.external_tensors.size(), 3U);
  const ExternalTensor& last = file.external_tensors[2];
  EXPECT_EQ(last.name, "W2");
  EXPECT_EQ(last.offset, 8192U);
  EXPECT_EQ(last.length, 1280U);
  EXPECT_EQ(file.external_weight_bytes, 9600U);
  EXPECT_EQ(file.inline_weight_bytes, 0U);
}

TEST(ModelFile, FindsExternalDataWhereverWeightsAre) {
  const auto in_attribute = WireWriter().message(5, WireWriter().message(5, external_tensor("a", "1")));
  const auto in_list = WireWriter().message(5, WireWriter().message(10, external_tensor("b", "2")));
  const auto in_body =
      WireWriter().message(5, WireWriter().message(6, WireWriter().message(5, external_tensor("c", "3"))));
  const auto in_sparse_attribute =
      WireWriter().message(5, WireWriter().message(22, WireWriter().message(2, external_tensor("d", "4"))));
  const auto sparse = WireWriter().message(1, external_tensor("e", "5"));
  const auto in_function = WireWriter().message(7, WireWriter(in_attribute).bytes(4, "F"));
  const auto in_default = WireWriter().message(11, WireWriter().message(5, external_tensor("g", "6")));
  const ModelFile file = read_text(model_of(WireWriter()
                                                .message(1, in_attribute)
                                                .message(1, in_list)
                                                .message(1, in_body)
                                                .message(1, in_sparse_attribute)
                                                .message(15, sparse))
                                       .message(25, in_function)
                                       .message(25, in_default)
                                       .text());
  EXPECT_EQ(file.external_locations(), (std::vector<std::string>{"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(file.external_tensors.size(), 7U);
  // Three float32 each, of which no length is told.
  EXPECT_EQ(file.external_weight_bytes, 7U * 12);
}

TEST(ModelFile, LeavesOutLocationsThatAreNotUsed) {
  const auto tensor = WireWriter().bytes(8, "w").message(13, entry_of("location", "left.bin")).number(14, 0);
  EXPECT_TRUE(read_text(model_of(WireWriter().message(5, tensor)).text()).external_tensors.empty());
}

TEST(ModelFile, ReadsPackedDimensions) {
  const auto tensor = WireWriter().message(1, WireWriter().varint(3).varint(5)).number(2, 22).number(14, 1);
  const ModelFile file = read_text(model_of(WireWriter().message(5, tensor)).text());
  EXPECT_EQ(file.weight_elements, 15U);
  EXPECT_EQ(file.external_weight_bytes, 8U);  // int4
}

TEST(ModelFile, ClampsImpossibleSizes) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 62U;
  const auto tensor = WireWriter().number(1, huge).number(1, huge).number(2, 1).number(14, 1);
  const auto negative = WireWriter().number(1, static_cast<std::uint64_t>(-5)).number(2, 1).number(14, 1);
  const ModelFile file = read_text(model_of(WireWriter().message(5, tensor).message(5, negative)).text());
  EXPECT_EQ(file.weight_elements, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(file.external_weight_bytes, std::numeric_limits<std::uint64_t>::max());
}

TEST(ModelFile, RefusesOffsetsThatAreNoNumbers) {
  for (const char* key : {"offset", "length"}) {
    const auto tensor = external_tensor("w", "f").message(13, entry_of(key, "12 apples"));
    EXPECT_TRUE(throws_error([&] { return read_text(model_of(WireWriter().message(5, tensor)).text()); },
                             ErrorCode::data_loss, "weight \"w\"", key, "12 apples"));
  }
}

// A weight of 3 GB in the middle, of which a sparse file has no blocks; what follows it lies behind 2^31.
class GiantModelTest : public testing::Test {
 protected:
  GiantModelTest() {
    constexpr std::uint64_t weight = std::uint64_t{3} << 30U;
    const std::string head =
        WireWriter().number(1, weight / 4).number(2, 1).bytes(8, "w").header(9, weight).text();
    const std::uint64_t tensor = head.size() + weight;
    const std::string tail =
        WireWriter().message(1, node_of("Last")).message(5, external_tensor("e", "e.bin")).text();
    const std::string tensor_header = WireWriter().header(5, tensor).text();
    const std::uint64_t graph = tensor_header.size() + tensor + tail.size();
    const std::string start = WireWriter().number(1, 10).header(7, graph).text() + tensor_header + head;
    path_ = directory_.write("giant.onnx", start);
    fs::resize_file(path_, start.size() + weight);
    std::ofstream(path_, std::ios::app | std::ios::binary)
        << tail << WireWriter().message(8, WireWriter().number(2, 21)).text();
  }
  TempDirectory directory_;
  fs::path path_;
};

TEST_F(GiantModelTest, IsReadBehindItsWeights) {
  const ModelFile file = read_model_file(path_);
  EXPECT_GT(file.file_bytes, std::uint64_t{3} << 30U);
  EXPECT_EQ(file.inline_weight_bytes, std::uint64_t{3} << 30U);
  EXPECT_EQ(count_of(file, "", "Last"), 1U);
  EXPECT_EQ(file.external_locations(), std::vector<std::string>{"e.bin"});
  EXPECT_EQ(file.metadata.opsets.at(0).version, 21);
}

TEST_F(GiantModelTest, IsNeitherMappedNorHeld) {
  EXPECT_EQ(test::in_child([&] {
              rusage before{};
              getrusage(RUSAGE_SELF, &before);
              (void)read_model_file(path_);
              rusage after{};
              getrusage(RUSAGE_SELF, &after);
              // In KB: the piece that is read, and what is told.
              return after.ru_maxrss - before.ru_maxrss < 4096 ? 0 : 1;
            }),
            0);
}

TEST(ModelFile, TellsTheOtherFormat) {
  const ModelFile file = read_text(std::string("\x20\0\0\0ORTM and more", 17));
  EXPECT_EQ(file.format, ModelFormat::ort);
  EXPECT_EQ(file.file_bytes, 17U);
  EXPECT_EQ(file.metadata.ir_version, 0);
}

TEST(ModelFile, RefusesWhatIsNoModel) {
  const TempDirectory directory;
  const auto refuses = [&](const std::string& content, std::string_view why) {
    const fs::path path = directory.write("m.onnx", content);
    EXPECT_TRUE(throws_error([&] { return read_model_file(path); }, ErrorCode::data_loss, "m.onnx", why));
  };
  refuses("", "it is empty");
  refuses("Not a model at all.\n", "is no ONNX model");
  refuses(std::string(1000, '\0'), "field number 0");
  refuses(WireWriter().number(1, 8).text(), "it holds no graph");
  EXPECT_TRUE(throws_error([&] { return read_model_file(directory.path()); }, ErrorCode::invalid_argument,
                           "is a directory"));
  EXPECT_TRUE(throws_error([&] { return read_model_file(directory / "none.onnx"); }, ErrorCode::not_found,
                           "none.onnx"));
}

TEST(ModelFile, RefusesEveryTruncation) {
  const auto bytes = base::read_file(model_path("tiny"), 1U << 20U);
  std::size_t refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    try {
      (void)read_model_file(std::span(bytes).first(size));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::data_loss);
      ++refused;
    }
  }
  // Those that end between two fields of the model behind its graph are whole messages.
  EXPECT_GE(refused, (bytes.size() + 6) / 7 - 3);
}

TEST(ModelFile, BoundsNesting) {
  const auto nested = [](int graphs) {
    WireWriter graph;
    for (int i = 0; i < graphs; ++i) {
      graph = WireWriter().message(1, WireWriter().message(5, WireWriter().message(6, graph)));
    }
    return model_of(graph).text();
  };
  EXPECT_EQ(read_text(nested(32)).nodes, 32U);
  EXPECT_TRUE(throws_error([&] { return read_text(nested(33)); }, ErrorCode::data_loss, "deeper than 100"));
  EXPECT_TRUE(throws_error([&] { return read_text(nested(3000)); }, ErrorCode::data_loss, "deeper than 100"));

  WireWriter type = WireWriter().message(1, WireWriter().number(1, 1));
  for (int i = 0; i < 200; ++i) type = WireWriter().message(4, WireWriter().message(1, type));
  EXPECT_TRUE(
      throws_error([&] { return read_text(model_of(WireWriter().message(11, input_of("x", type))).text()); },
                   ErrorCode::data_loss, "deeper than 100"));
}

TEST(ModelFile, BoundsTexts) {
  EXPECT_TRUE(
      throws_error([] { return read_text(model_of({}).bytes(6, std::string(65U << 20U, 'd')).text()); },
                   ErrorCode::resource_exhausted, "more than 64 MB"));
  const auto node = node_of(std::string(5000, 'n'));
  EXPECT_TRUE(throws_error([&] { return read_text(model_of(WireWriter().message(1, node)).text()); },
                           ErrorCode::resource_exhausted, "an operator's name has 5000 bytes"));
}

TEST(ModelFile, BoundsWhatEmptyFieldsTurnInto) {
  // Two bytes in the file, hundreds in memory.
  for (const std::uint32_t field : {11U, 12U, 5U}) {
    WireWriter graph;
    for (int i = 0; i < 2'000'000; ++i) graph.header(field, 0);
    EXPECT_TRUE(throws_error([&] { return read_text(model_of(graph).text()); }, ErrorCode::resource_exhausted,
                             "more than 64 MB"))
        << field;
  }
  WireWriter shape;
  for (int i = 0; i < 65; ++i) shape.header(1, 0);
  const auto type = WireWriter().message(1, WireWriter().message(2, shape));
  EXPECT_TRUE(
      throws_error([&] { return read_text(model_of(WireWriter().message(11, input_of("x", type))).text()); },
                   ErrorCode::resource_exhausted, "more than 64 dimensions"));
}

TEST(ModelFile, BoundsNodes) {
  WireWriter graph;
  for (int i = 0; i <= 10'000'000; ++i) graph.header(1, 0);
  EXPECT_TRUE(throws_error([&] { return read_text(model_of(graph).text()); }, ErrorCode::resource_exhausted,
                           "more than 10 million nodes"));
}

TEST(ExternalPath, FindsWhatLiesBelowTheModel) {
  const TempDirectory directory;
  const fs::path model = directory.write("m.onnx", "");
  const fs::path data = directory.write("sub/w.bin", "w");
  EXPECT_EQ(external_path(model, "sub/w.bin"), data);
  EXPECT_EQ(external_path(model, "./sub/../sub/w.bin"), data);
}

TEST(ExternalPath, RefusesWhatLeadsOut) {
  const TempDirectory directory;
  const fs::path model = directory.write("models/m.onnx", "");
  directory.write("secret", "s");
  // A directory whose name begins alike is another one.
  directory.write("models-other/w.bin", "w");
  fs::create_symlink(directory / "secret", directory / "models/link");
  fs::create_directory_symlink(directory.path(), directory / "models/up");
  for (const char* location : {"../secret", "sub/../../secret", "..", "link", "up/secret",
                               "../models-other/w.bin", "/etc/passwd", "up/models-other/w.bin"}) {
    EXPECT_TRUE(throws_error([&] { return external_path(model, location); }, ErrorCode::permission_denied,
                             "m.onnx", location))
        << location;
  }
}

TEST(ExternalPath, SaysWhatIsMissing) {
  const TempDirectory directory;
  const fs::path model = directory.write("m.onnx", "");
  EXPECT_TRUE(throws_error([&] { return external_path(model, "w.bin"); }, ErrorCode::not_found, "m.onnx",
                           "w.bin", "No such file"));
  fs::create_directory(directory / "folder");
  EXPECT_TRUE(throws_error([&] { return external_path(model, "folder"); }, ErrorCode::invalid_argument,
                           "is a directory"));
  EXPECT_TRUE(
      throws_error([&] { return external_path(model, ""); }, ErrorCode::invalid_argument, "no file name"));
  using namespace std::string_view_literals;
  EXPECT_TRUE(throws_error([&] { return external_path(model, "w\0.bin"sv); }, ErrorCode::invalid_argument,
                           "no file name"));
}

// As caches of downloaded models lay them out: a folder of links into a folder of contents.
TEST(ExternalPath, FollowsTheModelsOwnLink) {
  const TempDirectory directory;
  const fs::path real_model = directory.write("blobs/1234", "");
  const fs::path real_data = directory.write("blobs/5678", "w");
  directory.write("elsewhere/w.bin", "w");
  fs::create_directories(directory / "snapshots/a");
  const fs::path model = directory / "snapshots/a/model.onnx";
  fs::create_symlink(real_model, model);
  fs::create_symlink(real_data, directory / "snapshots/a/model.onnx_data");
  fs::create_symlink(directory / "elsewhere/w.bin", directory / "snapshots/a/other");
  EXPECT_EQ(external_path(model, "model.onnx_data"), real_data);
  EXPECT_TRUE(throws_error([&] { return external_path(model, "other"); }, ErrorCode::permission_denied,
                           "a link leads out"));
}

TEST(ExternalPath, TakesAModelInTheWorkingDirectory) {
  const TempDirectory directory;
  directory.write("m.onnx", "");
  const fs::path data = directory.write("w.bin", "w");
  EXPECT_EQ(test::in_child([&] {
              fs::current_path(directory.path());
              return external_path("m.onnx", "w.bin") == data ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace onda::runtime

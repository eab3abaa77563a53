#include "onda/session.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda {
namespace {

using std::chrono::steady_clock;
using test::model_path;
using test::throws_error;

Session open(const std::string& name, const SessionOptions& options = {}) {
  return Session::open(test::runtime(), model_path(name), options);
}

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.as<float>();
  return {values.begin(), values.end()};
}

/// What ONNX Runtime's own Python package answered for x = 0, 1, … 63 is not kept: probabilities are checked
/// by sum.
TEST(SessionTest, RunsAModelFromItsPath) {
  const auto session = open("tiny.onnx");
  const auto x = ramp(128);
  const auto outputs = session.run(TensorView::of<float>({2, 64}, x));
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].name, "y");
  EXPECT_EQ(outputs[0].tensor.shape(), (Shape{2, 10}));
  const auto y = outputs[0].tensor.as<float>();
  EXPECT_NEAR(std::accumulate(y.begin(), y.begin() + 10, 0.0F), 1.0F, 1e-5F);
}

TEST(SessionTest, RunsAModelFromBytes) {
  const auto bytes = base::read_file(model_path("tiny.onnx"), 1 << 20);
  const auto from_bytes = Session::open(test::runtime(), std::span(bytes));
  const auto x = ramp(64);
  const auto view = TensorView::of<float>({1, 64}, x);
  EXPECT_EQ(floats(from_bytes.run(view)[0].tensor), floats(open("tiny.onnx").run(view)[0].tensor));
}

TEST(SessionTest, TellsInputsAndOutputsWithTheirSymbolicNames) {
  const auto session = open("add_n.onnx");
  ASSERT_EQ(session.inputs().size(), 2U);
  const ValueInfo& a = session.inputs()[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.kind, ValueKind::tensor);
  EXPECT_EQ(a.dtype, DType::float32);
  EXPECT_EQ(a.shape, (Shape{Shape::kDynamic, 4}));
  EXPECT_EQ(a.dimension_names, (std::vector<std::string>{"N", ""}));
  EXPECT_TRUE(a.has_shape);
  ASSERT_EQ(session.outputs().size(), 1U);
  EXPECT_EQ(session.outputs()[0].name, "c");
}

TEST(SessionTest, TellsAScalarFromAnUnknownRank) {
  EXPECT_TRUE(open("scalar.onnx").inputs()[0].has_shape);
  EXPECT_FALSE(open("unknown_rank.onnx").inputs()[0].has_shape);
  const std::array<float, 6> x = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(open("unknown_rank.onnx").run(TensorView::of<float>({3, 2}, x))[0].tensor.shape(), (Shape{3, 2}));
}

TEST(SessionTest, TellsTheModelsMetadata) {
  const auto session = open("custom_metadata.onnx");
  const ModelMetadata& metadata = session.metadata();
  EXPECT_FALSE(metadata.producer_name.empty());
  EXPECT_FALSE(metadata.producer_version.empty());
  EXPECT_FALSE(metadata.custom.empty());
  EXPECT_GE(metadata.ir_version, 3);
  EXPECT_GE(metadata.opsets.size(), 2U);
  EXPECT_NE(metadata.model_version, 0);
}

TEST(SessionTest, EveryDTypeThatONNXRuntimeHoldsPassesThroughUnchanged) {
  std::size_t held = 0;
  for (const DType dtype : all_dtypes()) {
    const auto name =
        "identity_" + std::string(dtype == DType::boolean ? "bool" : to_string(dtype)) + ".onnx";
    if (dtype == DType::string || !std::filesystem::exists(model_path(name))) continue;
    std::optional<Session> session;
    try {
      session = open(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unimplemented) << name << ": " << error.what();
      continue;
    }
    ++held;
    std::vector<std::byte> bytes(byte_size(dtype, 8));
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::byte>(dtype == DType::boolean ? i % 2 : i + 1);
    const auto outputs = session->run(TensorView(dtype, {2, 4}, bytes));
    EXPECT_EQ(outputs[0].tensor.dtype(), dtype);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), outputs[0].tensor.bytes().begin())) << name;
  }
  EXPECT_GE(held, 17U);
}

TEST(SessionTest, StringsKeepTheirNulsAndLengths) {
  const auto session = open("identity_string.onnx");
  const std::vector<std::string> x = {"", std::string("a\0b", 3), "ü", std::string(1000, 'x')};
  const auto outputs = session.run(TensorView({1, 4}, x));
  EXPECT_EQ(
      (std::vector<std::string>(outputs[0].tensor.strings().begin(), outputs[0].tensor.strings().end())), x);
}

TEST(SessionTest, StringOutputsCannotBePreallocated) {
  const auto session = open("identity_string.onnx");
  const std::vector<std::string> x(4);
  std::array<std::byte, 64> buffer{};
  const std::array<NamedView, 1> inputs = {{{"x", TensorView({1, 4}, x)}}};
  EXPECT_TRUE(throws_error(
      [&] {
        return MutableTensorView(DType::string, {1, 4}, buffer);
      },
      ErrorCode::type_mismatch));
  const std::array<NamedMutableView, 1> lent = {{{"y", MutableTensorView(DType::uint8, {1, 4}, buffer)}}};
  EXPECT_TRUE(
      throws_error([&] { return session.run(inputs, lent); }, ErrorCode::type_mismatch, "\"y\"", "string"));
}

TEST(SessionTest, ScalarsAndEmptyTensorsWork) {
  const float x = 21;
  const auto scalar = open("scalar.onnx").run(TensorView::of<float>({}, {&x, 1}));
  EXPECT_EQ(scalar[0].tensor.shape(), Shape{});
  EXPECT_EQ(scalar[0].tensor.as<float>()[0], 42.0F);
  const auto empty = open("tiny.onnx").run(TensorView::of<float>({0, 64}, std::span<const float>()));
  EXPECT_EQ(empty[0].tensor.shape(), (Shape{0, 10}));
  EXPECT_EQ(empty[0].tensor.bytes().size(), 0U);
}

TEST(SessionTest, OutputsOfDataDependentSizeAreAllocated) {
  const std::array<float, 5> x = {0, 1, 0, 2, 3};
  const auto outputs = open("dynamic_output.onnx").run(TensorView::of<float>({5}, x));
  EXPECT_EQ(outputs[0].tensor.shape(), (Shape{1, 3}));
  EXPECT_EQ(outputs[0].tensor.as<std::int64_t>()[2], 4);
}

TEST(SessionTest, AModelWithoutInputsRuns) {
  const auto outputs = open("constant_output.onnx").run(std::span<const NamedView>());
  EXPECT_EQ(outputs[0].tensor.shape(), (Shape{2, 3}));
}

TEST(SessionTest, AnInitialiserThatIsAnInputIsOptional) {
  const auto session = open("initializer_as_input.onnx");
  std::vector<NamedView> given;
  std::vector<std::vector<float>> held;
  for (const ValueInfo& input : session.inputs()) {
    if (input.optional) continue;
    Shape shape = input.shape;
    for (auto& dim : shape.dims()) dim = dim < 0 ? 2 : dim;
    held.push_back(ramp(shape.element_count()));
    given.push_back({input.name, TensorView::of<float>(shape, held.back())});
  }
  ASSERT_LT(given.size(), session.inputs().size());
  EXPECT_NO_THROW(static_cast<void>(session.run(given)));
}

TEST(SessionTest, WritesStraightIntoLentBuffers) {
  const auto session = open("tiny.onnx");
  const auto x = ramp(64);
  const std::array<NamedView, 1> inputs = {{{"x", TensorView::of<float>({1, 64}, x)}}};
  std::array<float, 10> y{};
  const std::array<NamedMutableView, 1> lent = {{{"y", MutableTensorView::of<float>({1, 10}, y)}}};
  EXPECT_TRUE(session.run(inputs, lent).empty());
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), floats(session.run(inputs)[0].tensor));
}

TEST(SessionTest, OutputsThatAreNotLentAreReturnedInTheModelsOrder) {
  const auto session = open("split.onnx");
  const auto x = ramp(6);
  const std::array<NamedView, 1> inputs = {{{"x", TensorView::of<float>({1, 6}, x)}}};
  std::array<float, 2> b{};
  const std::array<NamedMutableView, 1> lent = {{{"b", MutableTensorView::of<float>({1, 2}, b)}}};
  const auto rest = session.run(inputs, lent);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].name, "a");
  EXPECT_EQ(rest[1].name, "c");
  EXPECT_EQ(floats(rest[1].tensor), (std::vector<float>{3, 4, 5}));
  EXPECT_EQ(b, (std::array<float, 2>{1, 2}));
}

TEST(SessionTest, ALentBufferOfAnotherShapeIsRefusedWithBothShapes) {
  for (const auto* name : {"tiny.onnx", "reshape_last.onnx"}) {
    const auto session = open(name);
    Shape shape = session.inputs()[0].shape;
    shape[0] = 2;
    const auto x = ramp(shape.element_count());
    const std::array<NamedView, 1> inputs = {{{session.inputs()[0].name, TensorView::of<float>(shape, x)}}};
    const auto columns = session.outputs()[0].shape[1];
    std::vector<float> y(static_cast<std::size_t>(3 * columns));
    const std::array<NamedMutableView, 1> lent = {{{"y", MutableTensorView::of<float>({3, columns}, y)}}};
    EXPECT_TRUE(throws_error([&] { return session.run(inputs, lent); }, ErrorCode::shape_mismatch, "\"y\"",
                             to_string(Shape{3, columns}), to_string(Shape{2, columns})))
        << name;
  }
}

TEST(SessionTest, UnalignedBuffersGiveTheSameAnswer) {
  const auto session = open("tiny.onnx");
  const auto x = ramp(64);
  const auto expected = floats(session.run(TensorView::of<float>({1, 64}, x))[0].tensor);
  std::vector<std::byte> raw(64 * sizeof(float) + 1);
  std::copy_n(std::as_bytes(std::span(x)).begin(), 64 * sizeof(float), raw.begin() + 1);
  const auto outputs = session.run(TensorView(DType::float32, {1, 64}, std::span(raw).subspan(1)));
  EXPECT_EQ(floats(outputs[0].tensor), expected);
}

TEST(SessionTest, OutputsOutliveTheirSession) {
  std::optional<Session> session = open("tiny.onnx");
  const auto x = ramp(64);
  auto outputs = session->run(TensorView::of<float>({1, 64}, x));
  const auto expected = floats(outputs[0].tensor);
  session.reset();
  EXPECT_EQ(floats(outputs[0].tensor), expected);
  std::jthread([moved = std::move(outputs)]() mutable { moved.clear(); });
}

TEST(SessionTest, OneOfSeveralInputsMustBeNamed) {
  const std::array<float, 4> x{};
  EXPECT_TRUE(throws_error(
      [&] {
        return open("add_n.onnx").run(TensorView::of<float>({1, 4}, x));
      },
      ErrorCode::invalid_argument, "2 inputs"));
}

TEST(SessionTest, ValuesThatAreNoTensorsAreReportedAndRefused) {
  const auto session = open("sequence_output.onnx");
  EXPECT_EQ(session.outputs()[0].kind, ValueKind::sequence);
  std::vector<NamedView> given;
  std::vector<float> zeros(4096);
  for (const ValueInfo& input : session.inputs()) {
    Shape shape = input.shape;
    for (auto& dim : shape.dims()) dim = dim < 0 ? 1 : dim;
    const auto count = shape.element_count();
    given.push_back({input.name, TensorView::of<float>(std::move(shape), std::span(zeros).first(count))});
  }
  EXPECT_TRUE(throws_error([&] { return session.run(given); }, ErrorCode::unimplemented, "sequence"));
  EXPECT_EQ(open("sequence_input.onnx").inputs()[0].kind, ValueKind::sequence);
  EXPECT_NO_THROW(static_cast<void>(open("map_output.onnx")));
}

TEST(SessionTest, AFaultInTheDataIsTheCallersOrTheKernelsNotACrash) {
  const std::int64_t huge = -1;
  const auto session = open("range_int64.onnx");
  const auto outputs = session.run(TensorView::of<std::int64_t>(session.inputs()[0].shape, {&huge, 1}));
  EXPECT_EQ(outputs[0].tensor.element_count(), 0U);
}

// Faults of a call that ONNX Runtime would report late, badly or never are in signature_test.cpp.

class LoadErrorTest : public testing::Test {
 protected:
  const test::TempDirectory directory_;
  testing::AssertionResult refuses(const std::filesystem::path& path, ErrorCode code,
                                   std::string_view part = "") {
    return throws_error([&] { return Session::open(test::runtime(), path); }, code, path.filename().string(),
                        part);
  }
};

TEST_F(LoadErrorTest, AMissingModel) { EXPECT_TRUE(refuses("/nowhere/m.onnx", ErrorCode::not_found)); }
TEST_F(LoadErrorTest, ADirectory) { EXPECT_TRUE(refuses(directory_.path(), ErrorCode::invalid_argument)); }
TEST_F(LoadErrorTest, AnEmptyFile) {
  EXPECT_TRUE(refuses(directory_.write("e.onnx", ""), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, Text) {
  EXPECT_TRUE(refuses(directory_.write("t.onnx", "this is no model\n"), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, ATruncatedModel) {
  const auto whole = base::read_file(model_path("tiny.onnx"), 1 << 20);
  const std::string half(reinterpret_cast<const char*>(whole.data()), whole.size() / 2);
  EXPECT_TRUE(refuses(directory_.write("half.onnx", half), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, EmptyBytes) {
  EXPECT_TRUE(throws_error([] { return Session::open(test::runtime(), std::span<const std::byte>()); },
                           ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, AnOpsetThatIsTooNew) {
  EXPECT_TRUE(refuses(model_path("opset_99.onnx"), ErrorCode::unimplemented));
}
TEST_F(LoadErrorTest, AnIrVersionThatIsTooNew) {
  EXPECT_TRUE(refuses(model_path("ir_99.onnx"), ErrorCode::unimplemented, "IR version"));
}
TEST_F(LoadErrorTest, AnUnknownOperator) {
  EXPECT_TRUE(refuses(model_path("unknown_op.onnx"), ErrorCode::unimplemented));
}
TEST_F(LoadErrorTest, AnUnknownDomain) {
  EXPECT_TRUE(refuses(model_path("unknown_domain.onnx"), ErrorCode::unimplemented));
}
TEST_F(LoadErrorTest, AnInputFromNowhere) {
  EXPECT_TRUE(refuses(model_path("input_from_nowhere.onnx"), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, ImpossibleShapes) {
  EXPECT_TRUE(refuses(model_path("impossible_shapes.onnx"), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, MissingExternalData) {
  EXPECT_TRUE(refuses(model_path("external_missing.onnx"), ErrorCode::not_found));
}
TEST_F(LoadErrorTest, ExternalDataOutsideTheModelsDirectory) {
  EXPECT_TRUE(refuses(model_path("external_escape.onnx"), ErrorCode::permission_denied));
  EXPECT_TRUE(refuses(model_path("external_absolute.onnx"), ErrorCode::permission_denied));
}
TEST_F(LoadErrorTest, TruncatedExternalData) {
  EXPECT_TRUE(refuses(model_path("external_truncated.onnx"), ErrorCode::data_loss));
}
TEST_F(LoadErrorTest, ExternalDataLargerThanTheMemory) {
  std::filesystem::copy_file(model_path("external.onnx"), directory_ / "external.onnx");
  for (const auto* name : {"external.bin", "external_bias.bin"}) {
    directory_.write(name, "");
    std::filesystem::resize_file(directory_ / name, std::uint64_t{1} << 42);  // sparse
  }
  EXPECT_TRUE(refuses(directory_ / "external.onnx", ErrorCode::resource_exhausted));
}
TEST(ExternalDataTest, IsFoundByANameThatBeginsWithADotAndASlash) {
  const test::TempDirectory directory;
  const auto bytes = base::read_file(model_path("external.onnx"), 1 << 20);
  std::string model(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view plain = "external.bin";
  for (auto at = model.find(plain); at != std::string::npos; at = model.find(plain)) {
    model.replace(at, plain.size(), "./ternal.bin");
  }
  directory.write("model.onnx", model);
  std::filesystem::copy_file(model_path("external.bin"), directory / "ternal.bin");
  std::filesystem::copy_file(model_path("external_bias.bin"), directory / "external_bias.bin");
  const std::vector<float> x(64, 0.5F);
  const auto answer = [&](const std::filesystem::path& path) {
    const auto outputs = Session::open(test::runtime(), path, {}).run(TensorView::of<float>({1, 64}, x));
    const auto y = outputs.at(0).tensor.as<float>();
    return std::vector<float>(y.begin(), y.end());
  };
  EXPECT_EQ(answer(directory / "model.onnx"), answer(model_path("external.onnx")));
}
TEST_F(LoadErrorTest, ExternalDataOfAModelFromBytes) {
  const auto bytes = base::read_file(model_path("external.onnx"), 1 << 20);
  EXPECT_TRUE(throws_error([&] { return Session::open(test::runtime(), std::span(bytes)); },
                           ErrorCode::invalid_argument, "external"));
}
TEST_F(LoadErrorTest, NoSourcePathOfTheRuntimesBuild) {
  for (const auto* name : {"opset_99.onnx", "ir_99.onnx", "unknown_domain.onnx", "impossible_shapes.onnx"}) {
    try {
      static_cast<void>(open(name));
      ADD_FAILURE() << name << " was opened";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find(".cc:"), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("onnxruntime_src"), std::string::npos) << error.what();
    }
  }
}

class OptionsTest : public testing::TestWithParam<SessionOptions> {};

TEST_P(OptionsTest, AnswersAreTheSame) {
  const auto x = ramp(64);
  const auto view = TensorView::of<float>({1, 64}, x);
  const auto expected = floats(open("tiny.onnx").run(view)[0].tensor);
  const auto actual = floats(open("tiny.onnx", GetParam()).run(view)[0].tensor);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-6F);
}

INSTANTIATE_TEST_SUITE_P(
    Each, OptionsTest,
    testing::Values(SessionOptions{.intra_op_threads = 1}, SessionOptions{.intra_op_threads = 3},
                    SessionOptions{.inter_op_threads = 2, .execution_mode = ExecutionMode::parallel},
                    SessionOptions{.graph_optimization = GraphOptimization::off},
                    SessionOptions{.graph_optimization = GraphOptimization::basic},
                    SessionOptions{.graph_optimization = GraphOptimization::extended},
                    SessionOptions{.spinning = false}, SessionOptions{.spinning = true},
                    SessionOptions{.memory_pattern = false}, SessionOptions{.memory_pattern = true},
                    SessionOptions{.memory = MemoryStrategy::arena},
                    SessionOptions{.memory = MemoryStrategy::system},
                    SessionOptions{.free_dimensions = {{"N", 1}}},
                    SessionOptions{.config = {{"session.intra_op.spin_duration_us", "100"}}}));

TEST(OptionsErrorTest, NamesWhatIsWrong) {
  const auto refuses = [](const SessionOptions& options, std::string_view part) {
    return throws_error([&] { return open("tiny.onnx", options); }, ErrorCode::invalid_argument, part);
  };
  EXPECT_TRUE(refuses({.intra_op_threads = -1}, "intra_op_threads is -1"));
  EXPECT_TRUE(refuses({.inter_op_threads = 1 << 20}, "inter_op_threads"));
  EXPECT_TRUE(refuses({.free_dimensions = {{"M", 1}}}, "\"M\""));
  EXPECT_TRUE(refuses({.free_dimensions = {{"N", 0}}}, "\"N\" is 0"));
  EXPECT_TRUE(refuses({.config = {{"session.intra_op.allow_spinning", "banana"}}}, "banana"));
  EXPECT_TRUE(refuses({.config = {{"spinning", "1"}}}, "spinning"));
  EXPECT_TRUE(refuses({.config = {{"session.intra_op_num_threads", "4"}}}, "session.intra_op_num_threads"));
}

TEST(OptionsErrorTest, ADeviceThatIsNotThereFallsBackOrFails) {
  const Device gpu{.kind = Device::Kind::cuda, .index = 0};
  if (test::runtime().environment() == nullptr) FAIL();
  const auto session = open("tiny.onnx", {.device = gpu});
  EXPECT_EQ(session.device(), Device{});
  EXPECT_TRUE(throws_error([&] { return open("tiny.onnx", {.device = gpu, .device_fallback = false}); },
                           ErrorCode::unavailable, "cuda:0"));
}

TEST(OptionsErrorTest, AFixedFreeDimensionIsChecked) {
  const auto session = open("tiny.onnx", {.free_dimensions = {{"N", 2}}});
  const auto x = ramp(64);
  EXPECT_TRUE(throws_error(
      [&] {
        return session.run(TensorView::of<float>({1, 64}, x));
      },
      ErrorCode::shape_mismatch));
}

TEST(OptionsErrorTest, ProfilingWritesAFile) {
  const test::TempDirectory directory;
  {
    const auto session = open("tiny.onnx", {.profile = directory / "trace"});
    const auto x = ramp(64);
    static_cast<void>(session.run(TensorView::of<float>({1, 64}, x)));
  }
  EXPECT_FALSE(std::filesystem::is_empty(directory.path()));
}

/// A Loop that would take hours.
class InterruptionThreads : public testing::Test {
 protected:
  InterruptionThreads() : session_(open("slow_loop.onnx")) {
    for (const ValueInfo& input : session_.inputs()) {
      if (input.dtype == DType::int64) {
        given_.push_back({input.name, TensorView::of<std::int64_t>(input.shape, {&trips_, 1})});
      } else {
        Shape shape = input.shape;
        for (auto& dim : shape.dims()) dim = dim < 0 ? 1 : dim;
        const auto count = shape.element_count();
        given_.push_back(
            {input.name, TensorView::of<float>(std::move(shape), std::span(zeros_).first(count))});
      }
    }
  }

  std::int64_t trips_ = std::int64_t{1} << 40;
  std::vector<float> zeros_ = std::vector<float>(4096);
  Session session_;
  std::vector<NamedView> given_;
};

TEST_F(InterruptionThreads, ADeadlineEndsTheRun) {
  EXPECT_TRUE(throws_error(
      [&] { return session_.run(given_, {.deadline = steady_clock::now() + std::chrono::milliseconds(20)}); },
      ErrorCode::deadline_exceeded));
}

TEST_F(InterruptionThreads, AStopTokenEndsTheRun) {
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_TRUE(
      throws_error([&] { return session_.run(given_, {.stop = stop.get_token()}); }, ErrorCode::cancelled));
}

TEST_F(InterruptionThreads, WhatIsOverBeforeItBeginsDoesNotRun) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(
      throws_error([&] { return session_.run(given_, {.stop = stop.get_token()}); }, ErrorCode::cancelled));
  EXPECT_TRUE(throws_error([&] { return session_.run(given_, {.deadline = steady_clock::now()}); },
                           ErrorCode::deadline_exceeded));
}

TEST_F(InterruptionThreads, TheSessionAnswersAfterwards) {
  EXPECT_TRUE(throws_error(
      [&] { return session_.run(given_, {.deadline = steady_clock::now() + std::chrono::milliseconds(5)}); },
      ErrorCode::deadline_exceeded));
  trips_ = 3;
  EXPECT_NO_THROW(
      static_cast<void>(session_.run(given_, {.deadline = steady_clock::now() + std::chrono::hours(1)})));
}

TEST_F(InterruptionThreads, OtherRunsOfTheSessionGoOn) {
  std::stop_source stop;
  const std::jthread other([&] {
    const std::int64_t few = 1000;
    auto given = given_;
    for (auto& view : given) {
      if (view.tensor.dtype() == DType::int64)
        view.tensor = TensorView::of<std::int64_t>(view.tensor.shape(), {&few, 1});
    }
    for (int i = 0; i < 20; ++i) static_cast<void>(session_.run(given));
    stop.request_stop();
  });
  EXPECT_TRUE(
      throws_error([&] { return session_.run(given_, {.stop = stop.get_token()}); }, ErrorCode::cancelled));
}

}  // namespace
}  // namespace onda

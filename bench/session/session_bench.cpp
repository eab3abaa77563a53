// What our session costs beside a loop over ONNX Runtime's C API, in one process and on one OrtSession.

#include <algorithm>
#include <exception>
#include <iostream>
#include <random>
#include <stdexcept>

#include "bench/harness/measure_pairs.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/report.h"
#include "bench/session/allocation_counter.h"
#include "bench/session/api_loop.h"
#include "bench/session/watched_api.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

struct Subject {
  std::string name;
  std::string file;
  std::vector<std::int64_t> input_shape;
  std::vector<std::int64_t> output_shape;
  int threads;
  std::size_t calls;  ///< in one sample: few, so that most samples are not interrupted
  std::size_t pairs;
  std::string unit;  ///< "us" or "ms"
  Goal goal;
};

std::size_t elements(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t dim : shape) count *= static_cast<std::size_t>(dim);
  return count;
}

/// One model, open, with both ways to run it.
class Contest {
 public:
  Contest(WatchedApi& api, const Runtime& runtime, const Subject& subject)
      : api_(api),
        subject_(subject),
        // With ONNX Runtime's own arena: the recycling allocator would know Onda's runs and not the loop's.
        session_(Session::open(runtime, model_file(subject.file),
                               {.intra_op_threads = subject.threads, .memory = MemoryStrategy::arena})),
        input_(seeded_values(elements(subject.input_shape))),
        ours_(elements(subject.output_shape)),
        reference_(ours_.size()),
        input_view_(TensorView::of<float>(Shape(subject.input_shape), input_)),
        output_view_(MutableTensorView::of<float>(Shape(subject.output_shape), ours_)),
        loop_(api.table(), *WatchedApi::last_session(),
              {session_.inputs()[0].name, session_.outputs()[0].name, subject.input_shape,
               subject.output_shape},
              input_, reference_) {}

  std::vector<Row> rows() {
    warm_up_and_compare();
    std::vector<Row> rows;
    rows.push_back(row(
        "outputs returned", "new values", [this] { run_returning(); },
        [this] { loop_.run_with_new_values(); }));
    rows.push_back(row(
        "outputs preallocated", "values reused", [this] { run_preallocated(); },
        [this] { loop_.run_preallocated(); }));
    rows.push_back(allocations(
        "outputs preallocated", [this] { run_preallocated(); }, Goal{.of = Goal::Of::value, .limit = 0}));
    rows.push_back(allocations(
        "outputs returned", [this] { run_returning(); }, std::nullopt));
    return rows;
  }

 private:
  void run_returning() {
    const auto outputs = session_.run(input_view_);
    first_ = outputs[0].tensor.as<float>()[0];
  }
  void run_preallocated() {
    const NamedView input{session_.inputs()[0].name, input_view_};
    const NamedMutableView output{session_.outputs()[0].name, output_view_};
    session_.run({&input, 1}, {&output, 1});
  }

  void warm_up_and_compare() {
    for (std::size_t i = 0; i < std::max<std::size_t>(subject_.calls, 3); ++i) {
      run_returning();
      run_preallocated();
      loop_.run_preallocated();
    }
    if (ours_ != reference_ || first_ != loop_.run_with_new_values()) {
      throw std::runtime_error(subject_.name + ": our session and the loop computed different outputs");
    }
  }

  template <class Ours, class Reference>
  Row row(const std::string& form, const std::string& reference, Ours ours, Reference other) {
    const auto sample = [this](auto call) {
      const double microseconds = microseconds_per_call(subject_.calls, call);
      return subject_.unit == "ms" ? microseconds / 1000 : microseconds;
    };
    const auto comparison = compare(measure_pairs(
        subject_.pairs, random_, [&] { return sample(ours); }, [&] { return sample(other); }));
    const std::string name = subject_.name + ", " + form;
    const std::string with = "C API, " + reference;
    return subject_.goal.of == Goal::Of::ratio
               ? ratio_row(name, subject_.unit, with, comparison, subject_.goal)
               : difference_row(name + ", more per call", subject_.unit, with, comparison, subject_.goal);
  }

  template <class Call>
  Row allocations(const std::string& form, Call call, std::optional<Goal> goal) {
    std::vector<double> samples;
    api_.watch_allocations(true);
    for (int i = 0; i < 20; ++i) {
      const AllocationCounter counter;
      call();
      samples.push_back(static_cast<double>(counter.allocations()));
    }
    api_.watch_allocations(false);
    const auto [least, most] = std::ranges::minmax(samples);
    return {.name = subject_.name + ", " + form + ", our allocations per call",
            .value = most,
            .unit = "",
            .ci_low = least,
            .ci_high = most,
            .samples = samples.size(),
            .goal = goal};
  }

  WatchedApi& api_;
  const Subject& subject_;
  Session session_;
  std::vector<float> input_;
  std::vector<float> ours_;
  std::vector<float> reference_;
  TensorView input_view_;
  MutableTensorView output_view_;
  ApiLoop loop_;
  std::mt19937 random_{1};
  float first_ = 0;
};

/// What is counted as ours must be there to be seen: a counter that missed it would report 0 for anything.
void prove_the_counter() {
  const AllocationCounter counter;
  std::vector<std::string> made(3, std::string(100, 'x'));
  if (counter.allocations() < 4) throw std::runtime_error("the allocation counter does not count");
  const Uncounted inside;
  const std::size_t before = counter.allocations();
  made.emplace_back(1000, 'y');
  if (counter.allocations() != before)
    throw std::runtime_error("the allocation counter counts what it must not");
}

void run() {
  prove_the_counter();
  const auto library = runtime::Library::open({});
  WatchedApi api(library.api());
  const Runtime runtime(runtime::Environment::create(api.table(), {}));
  const std::vector<Subject> subjects = {
      {.name = "tiny",
       .file = "tiny.onnx",
       .input_shape = {1, 64},
       .output_shape = {1, 10},
       .threads = 1,
       .calls = 100,
       .pairs = 3000,
       .unit = "us",
       .goal = {.of = Goal::Of::value, .limit = 1}},
      {.name = "ResNet-50",
       .file = "resnet50.onnx",
       .input_shape = {1, 3, 224, 224},
       .output_shape = {1, 1000},
       .threads = 0,
       .calls = 1,
       .pairs = 300,
       .unit = "ms",
       .goal = {.of = Goal::Of::ratio, .limit = 1.02}},
  };
  std::vector<Row> rows;
  for (const Subject& subject : subjects) {
    auto of_subject = Contest(api, runtime, subject).rows();
    rows.insert(rows.end(), of_subject.begin(), of_subject.end());
  }
  publish("session", rows, present_circumstances(library.version()));
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    onda::bench::run();
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_session: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

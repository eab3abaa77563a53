// What a start of `onda run` costs beside C programs that do the same by hand. One fresh process a sample.

#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "base/machine.h"
#include "bench/harness/child_process.h"
#include "bench/harness/measure_pairs.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/prepared_cache.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

using Command = std::vector<std::string>;

Goal ratio_at_most(double limit) { return {.of = Goal::Of::ratio, .limit = limit}; }

enum class Until { first_result, exit };

/// Starts one program again and again, in an environment of its own.
class Starter {
 public:
  Starter(Command command, std::string cache, Until until)
      : command_(std::move(command)), cache_(std::move(cache)), until_(until) {}
  double operator()() const {
    const ChildRun run = run_child(command_, {cache_});
    return until_ == Until::exit ? run.exit_ms : run.first_output_ms;
  }

 private:
  Command command_;
  std::string cache_;
  Until until_;
};

class StartBench {
 public:
  StartBench()
      : tiny_(model_file("tiny.onnx")),
        resnet50_(model_file("resnet50.onnx")),
        tiny_input_(write_npy(output_directory() / "tiny.npy", {1, 64})),
        resnet50_input_(write_npy(output_directory() / "resnet50.npy", {1, 3, 224, 224})),
        prepared_(warm_cache(resnet50_)) {}

  std::vector<Row> rows() {
    const Starter bare_default(
        {helper_program("bare_run_model"), runtime_library(), resnet50_, resnet50_input_, "0"},
        empty_cache_variable(), Until::first_result);
    const Starter bare_prepared({helper_program("bare_run_prepared"), runtime_library(), prepared_.entry,
                                 resnet50_input_, all_cores_},
                                empty_cache_variable(), Until::first_result);
    const Command ours = {onda_program(), "run", resnet50_, "--input", resnet50_input_, "--top", "5"};
    const Starter ours_prepared(ours, prepared_.variable(), Until::first_result);
    const Starter ours_plain(ours, empty_cache_variable(), Until::first_result);

    std::vector<Row> rows;
    rows.push_back(tiny_row());
    rows.push_back(row("ResNet-50 prepared, start to first result", "bare C, default options", 40,
                       ours_prepared, bare_default, ratio_at_most(0.20)));
    rows.push_back(row("ResNet-50 prepared, start to first result", "bare C, same prepared file", 80,
                       ours_prepared, bare_prepared, ratio_at_most(1.15)));
    rows.push_back(row("ResNet-50 not prepared, start to first result", "bare C, default options", 20,
                       ours_plain, bare_default, std::nullopt));
    return rows;
  }

 private:
  Row tiny_row() {
    const Starter ours({onda_program(), "run", tiny_, "--input", tiny_input_, "--threads", "1"},
                       empty_cache_variable(), Until::exit);
    const Starter bare({helper_program("bare_run_model"), runtime_library(), tiny_, tiny_input_, "1"},
                       empty_cache_variable(), Until::exit);
    return row("tiny, start to exit, 1 thread", "bare C, same settings", 150, ours, bare,
               ratio_at_most(1.15));
  }

  Row row(const std::string& name, const std::string& reference, std::size_t pairs, const Starter& ours,
          const Starter& other, std::optional<Goal> goal) {
    // Once each for the page cache, and for the record of the model's content.
    ours();
    other();
    return ratio_row(name, "ms", reference, compare(measure_pairs(pairs, random_, ours, other)), goal);
  }

  std::string all_cores_ = std::to_string(base::usable_cores());
  std::string tiny_;
  std::string resnet50_;
  std::string tiny_input_;
  std::string resnet50_input_;
  PreparedCache prepared_;
  std::mt19937 random_{1};
};

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    const auto version = onda::runtime::Library::open({}).version();
    onda::bench::publish("start", onda::bench::StartBench().rows(),
                         onda::bench::present_circumstances(version));
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_start: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

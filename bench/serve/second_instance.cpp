// What a second instance of a model costs in memory, once both have run.

#include <fstream>
#include <vector>

#include "bench/harness/child_process.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "bench/memory/trace.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr std::int64_t kLength = 128;

struct Subject {
  std::string title;
  std::string model;
  std::string file;
  std::string request;
  std::vector<std::string> sizes;  ///< of the dynamic dimensions
};

/// The most bytes that are live at once in a run: what each instance that runs needs for itself.
double activations(const Subject& subject) {
  std::vector<std::string> command = {helper_program("record_trace"), model_file(subject.file)};
  command.insert(command.end(), subject.sizes.begin(), subject.sizes.end());
  const auto file = output_directory() / "instance.trace";
  std::ofstream(file) << run_child(command, {"ONDA_ONNXRUNTIME=" + runtime_library()}).output;
  return static_cast<double>(read_trace(file).live_peak) / kMebibyte;
}

double proportional_mebibytes(const Subject& subject, int instances) {
  ModelRepository models("instances");
  models.add(
      subject.model, subject.file,
      "max_batch_size: 8\ninstance_group [ { count: " + std::to_string(instances) + " kind: KIND_CPU } ]\n");
  OndaServer onda(models.directory());
  // More at once than there are instances, so that all of them run.
  for (std::size_t answered = 0; answered < 40;) {
    const LoadResult result = run_closed_loop(onda.http_port(), subject.request, 4, 0.5);
    result.require_success();
    answered += result.answers.size();
  }
  onda.program().wait_until_idle();
  return onda.program().proportional_bytes() / kMebibyte;
}

}  // namespace

void measure_second_instance(Bench& bench) {
  const std::vector<Subject> subjects = {
      {"ResNet-50", "resnet50", kResNetFile, resnet_request().http_binary(), {"1"}},
      {"transformer",
       "transformer",
       kTransformerFile,
       transformer_request(kLength).http_binary(),
       {"1", std::to_string(kLength)}}};
  for (const Subject& subject : subjects) {
    warm_server_cache(subject.file);
    const double own = activations(subject);
    std::vector<double> more;
    std::vector<double> of_one;
    std::vector<double> of_two;
    for (int sample = 0; sample < (bench.settings.quick ? 2 : 5); ++sample) {
      of_one.push_back(proportional_mebibytes(subject, 1));
      of_two.push_back(proportional_mebibytes(subject, 2));
      more.push_back(of_two.back() - of_one.back() - own);
    }
    bench.report.add(value_row(subject.title + ", a second instance, beyond activations", "MiB",
                               median_and_range(more), value_at_most(15)),
                     "Pss after 40 requests or more over 4 connections, instance_group count 2 (" +
                         std::to_string(median_and_range(of_two).median) + " MiB) less count 1 (" +
                         std::to_string(median_and_range(of_one).median) +
                         " MiB) less the live peak of one run (" + std::to_string(own) +
                         " MiB); the interval is the range");
  }
}

}  // namespace onda::bench

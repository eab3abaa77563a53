// From the call to start the server to its first answer, and what it holds when it has nothing to do.

#include <chrono>
#include <thread>
#include <vector>

#include "bench/harness/report.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {

void measure_start(Bench& bench) {
  warm_server_cache(kTinyFile);
  ModelRepository models("tiny");
  models.add("tiny", kTinyFile);
  const std::string request = tiny_request().http_json();
  std::vector<double> starts_ms;
  std::vector<double> resident_mebibytes;
  const std::size_t starts = bench.settings.quick ? 12 : 40;
  for (std::size_t i = 0; i <= starts; ++i) {
    OndaServer onda(models.directory());
    static_cast<void>(fetch_once(onda.http_port(), request));
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - onda.program().started_at();
    // The first one fills the page cache.
    if (i == 0) continue;
    starts_ms.push_back(passed.count());
    onda.program().wait_until_idle();
    resident_mebibytes.push_back(onda.program().resident_bytes() / (1 << 20));
  }
  bench.report.add(
      value_row("tiny, exec to first answer", "ms", estimate_median(starts_ms), value_at_most(45)),
      "from posix_spawn to the whole answer of one HTTP JSON inference; page cache warm, model prepared");
  bench.report.add(
      value_row("tiny, resident memory, idle", "MiB", estimate_median(resident_mebibytes), value_at_most(40)),
      "VmRSS after one inference, when no processor time is used any more");
}

}  // namespace onda::bench

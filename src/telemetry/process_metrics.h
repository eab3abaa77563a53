#pragma once

#include "base/machine.h"
#include "telemetry/exposition.h"

namespace onda::telemetry {

/// The families `process_*` as Prometheus's own clients write them: CPU time, memory, open files and their
/// limit, start time, threads. What the system does not tell is left out. Reads a few small files of /proc
/// and lists the open files.
void write_process_metrics(Exposition& exposition, const base::MachineRoot& root = {});

}  // namespace onda::telemetry

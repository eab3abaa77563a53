#pragma once

#include <string>

namespace onda::telemetry {
class LogSettings;
class TraceSettings;
class Tracer;
}  // namespace onda::telemetry

namespace onda::serving {

class InflightBytes;
class ModelManager;
class SharedMemoryRegions;
class WorkerPool;

/// What the protocols need of the process, each made and owned by the program. All are safe from any thread.
struct Services {
  ModelManager& models;
  SharedMemoryRegions& shared_memory;
  InflightBytes& inflight;
  telemetry::LogSettings& log_settings;
  telemetry::TraceSettings& trace_settings;
  telemetry::Tracer& tracer;
  /// For what takes long and is no inference: images are decoded on it.
  WorkerPool& workers;
  std::string server_name = "onda";
  std::string server_version = {};
  /// Whether peers that are not on this machine may load, unload, register shared memory and change settings.
  bool allow_remote_admin = false;
  bool allow_client_shm = false;
};

}  // namespace onda::serving

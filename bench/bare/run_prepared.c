/* Usage: run_prepared LIBRARY ENTRY INPUT.npy THREADS
 * Opens a prepared model as Onda does, but without any check, runs it once and prints its output: how fast a
 * start from that file can be. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: %s LIBRARY ENTRY INPUT.npy THREADS\n", argv[0]);
    return 2;
  }
  const OrtApi* api = bare_open_runtime(argv[1]);
  OrtEnv* env = NULL;
  bare_check(api, api->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "bare", &env));
  OrtSessionOptions* options = NULL;
  bare_check(api, api->CreateSessionOptions(&options));
  bare_check(api, api->SetIntraOpNumThreads(options, atoi(argv[4])));
  bare_check(api, api->SetSessionGraphOptimizationLevel(options, ORT_DISABLE_ALL));
  bare_check(api, api->AddSessionConfigEntry(options, "session.use_ort_model_bytes_directly", "1"));
  bare_check(api, api->AddSessionConfigEntry(options, "session.use_ort_model_bytes_for_initializers", "1"));

  const int file = open(argv[2], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    perror(argv[2]);
    return 1;
  }
  void* bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED) {
    perror(argv[2]);
    return 1;
  }
  close(file);
  OrtSession* session = NULL;
  bare_check(api, api->CreateSessionFromArray(env, bytes, (size_t)status.st_size, options, &session));
  const BareModel model = bare_describe(api, session);
  const BareArray input = bare_read_npy(argv[3]);
  OrtValue* output = bare_run(&model, &input);
  bare_print(&model, output);
  api->ReleaseValue(output);
  api->ReleaseSession(session);
  api->ReleaseSessionOptions(options);
  api->ReleaseEnv(env);
  return 0;
}

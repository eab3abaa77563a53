/* Usage: load_sessions LIBRARY MODEL INPUT.npy SESSIONS RUNS
 * Opens a model SESSIONS times with default options, runs each RUNS times, and prints its memory. */
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s LIBRARY MODEL INPUT.npy SESSIONS RUNS\n", argv[0]);
    return 2;
  }
  const int sessions = atoi(argv[4]);
  const int runs = atoi(argv[5]);
  const OrtApi* api = bare_open_runtime(argv[1]);
  OrtEnv* env = NULL;
  bare_check(api, api->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "bare", &env));
  OrtSessionOptions* options = NULL;
  bare_check(api, api->CreateSessionOptions(&options));
  const BareArray input = bare_read_npy(argv[3]);
  OrtSession** open_sessions = calloc((size_t)sessions, sizeof *open_sessions);
  if (open_sessions == NULL) return 1;
  for (int i = 0; i < sessions; ++i)
    bare_check(api, api->CreateSession(env, argv[2], options, &open_sessions[i]));
  for (int i = 0; i < sessions; ++i) {
    const BareModel model = bare_describe(api, open_sessions[i]);
    for (int run = 0; run < runs; ++run) api->ReleaseValue(bare_run(&model, &input));
  }
  bare_print_memory();
  return 0;
}

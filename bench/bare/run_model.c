/* Usage: run_model LIBRARY MODEL INPUT.npy THREADS
 * Runs a model once and prints its output: what somebody writes who needs no more than that.
 * THREADS 0 leaves all options of the session as they are. */
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: %s LIBRARY MODEL INPUT.npy THREADS\n", argv[0]);
    return 2;
  }
  const OrtApi* api = bare_open_runtime(argv[1]);
  OrtEnv* env = NULL;
  bare_check(api, api->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "bare", &env));
  OrtSessionOptions* options = NULL;
  bare_check(api, api->CreateSessionOptions(&options));
  const int threads = atoi(argv[4]);
  if (threads > 0) bare_check(api, api->SetIntraOpNumThreads(options, threads));
  OrtSession* session = NULL;
  bare_check(api, api->CreateSession(env, argv[2], options, &session));
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

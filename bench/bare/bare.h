/* What a program that uses ONNX Runtime's C API by hand needs beside it. Every function ends the program with
 * a message where something fails. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <onnxruntime_c_api.h>

/* Opens the library with dlopen and switches its telemetry off. */
const OrtApi* bare_open_runtime(const char* library);

void bare_check(const OrtApi* api, OrtStatus* status);

/* A float32 array in NumPy's format, version 1. `values` is malloc's. */
typedef struct {
  float* values;
  int64_t shape[8];
  size_t rank;
  size_t count;
} BareArray;
BareArray bare_read_npy(const char* file);

/* An open model with one input and one output, and its first result. */
typedef struct {
  const OrtApi* api;
  OrtSession* session;
  char* input_name;
  char* output_name;
} BareModel;
BareModel bare_describe(const OrtApi* api, OrtSession* session);

/* Runs the model once and returns the output's value. */
OrtValue* bare_run(const BareModel* model, const BareArray* input);

/* Prints all values of the output, or, where there are more than 16, its five largest, and flushes. */
void bare_print(const BareModel* model, const OrtValue* output);

/* Prints this process's anonymous memory and its share of all memory (Pss), in bytes. */
void bare_print_memory(void);

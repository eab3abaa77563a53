#define _GNU_SOURCE
#include "bare.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

const OrtApi* bare_open_runtime(const char* library) {
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) fail(library, dlerror());
  const OrtApiBase* (*get_base)(void) = NULL;
  *(void**)&get_base = dlsym(handle, "OrtGetApiBase");
  if (get_base == NULL) fail(library, "has no OrtGetApiBase");
  const OrtApi* api = get_base()->GetApi(ORT_API_VERSION);
  if (api == NULL) fail(library, "is too old");
  return api;
}

void bare_check(const OrtApi* api, OrtStatus* status) {
  if (status != NULL) fail("ONNX Runtime", api->GetErrorMessage(status));
}

static void parse_shape(BareArray* array, const char* file, const char* header) {
  if (strstr(header, "'<f4'") == NULL || strstr(header, "'fortran_order': False") == NULL) {
    fail(file, "is no float32 array in C order");
  }
  const char* at = strstr(header, "'shape': (");
  if (at == NULL) fail(file, "has no shape");
  at += strlen("'shape': (");
  array->count = 1;
  while (*at != ')') {
    char* end = NULL;
    const long long size = strtoll(at, &end, 10);
    if (end == at || size < 0 || array->rank == 8) fail(file, "has a shape that cannot be read");
    array->shape[array->rank++] = size;
    array->count *= (size_t)size;
    for (at = end; *at == ',' || *at == ' '; ++at) {
    }
  }
}

BareArray bare_read_npy(const char* file) {
  BareArray array;
  memset(&array, 0, sizeof array);
  FILE* stream = fopen(file, "rb");
  if (stream == NULL) fail(file, "cannot be opened");
  unsigned char start[10];
  if (fread(start, 1, sizeof start, stream) != sizeof start || memcmp(start, "\x93NUMPY\x01", 7) != 0) {
    fail(file, "is no .npy file, version 1");
  }
  const size_t header_bytes = (size_t)start[8] | (size_t)start[9] << 8;
  char* header = calloc(header_bytes + 1, 1);
  if (header == NULL || fread(header, 1, header_bytes, stream) != header_bytes) fail(file, "is cut short");
  parse_shape(&array, file, header);
  free(header);
  array.values = malloc(array.count * sizeof(float));
  if (array.values == NULL || fread(array.values, sizeof(float), array.count, stream) != array.count) {
    fail(file, "is cut short");
  }
  fclose(stream);
  return array;
}

BareModel bare_describe(const OrtApi* api, OrtSession* session) {
  BareModel model = {.api = api, .session = session};
  OrtAllocator* allocator = NULL;
  bare_check(api, api->GetAllocatorWithDefaultOptions(&allocator));
  bare_check(api, api->SessionGetInputName(session, 0, allocator, &model.input_name));
  bare_check(api, api->SessionGetOutputName(session, 0, allocator, &model.output_name));
  return model;
}

OrtValue* bare_run(const BareModel* model, const BareArray* input) {
  const OrtApi* api = model->api;
  OrtMemoryInfo* memory = NULL;
  bare_check(api, api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  OrtValue* value = NULL;
  bare_check(api, api->CreateTensorWithDataAsOrtValue(memory, input->values, input->count * sizeof(float),
                                                      input->shape, input->rank,
                                                      ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value));
  const char* input_names[] = {model->input_name};
  const char* output_names[] = {model->output_name};
  const OrtValue* inputs[] = {value};
  OrtValue* outputs[] = {NULL};
  bare_check(api, api->Run(model->session, NULL, input_names, inputs, 1, output_names, 1, outputs));
  api->ReleaseValue(value);
  api->ReleaseMemoryInfo(memory);
  return outputs[0];
}

static void print_largest(const float* values, size_t count) {
  int shown[5] = {-1, -1, -1, -1, -1};
  for (int place = 0; place < 5; ++place) {
    int best = -1;
    for (size_t i = 0; i < count; ++i) {
      int taken = 0;
      for (int before = 0; before < place; ++before) taken |= shown[before] == (int)i;
      if (!taken && (best < 0 || values[i] > values[best])) best = (int)i;
    }
    shown[place] = best;
    printf("%4d  %g\n", best, (double)values[best]);
  }
}

void bare_print(const BareModel* model, const OrtValue* output) {
  const OrtApi* api = model->api;
  OrtTensorTypeAndShapeInfo* info = NULL;
  bare_check(api, api->GetTensorTypeAndShape(output, &info));
  size_t count = 0;
  bare_check(api, api->GetTensorShapeElementCount(info, &count));
  api->ReleaseTensorTypeAndShapeInfo(info);
  const void* data = NULL;
  bare_check(api, api->GetTensorData(output, &data));
  const float* values = data;
  printf("%s\n", model->output_name);
  if (count > 16) {
    print_largest(values, count);
  } else {
    for (size_t i = 0; i < count; ++i) printf("%g ", (double)values[i]);
    printf("\n");
  }
  fflush(stdout);
}

void bare_print_memory(void) {
  FILE* stream = fopen("/proc/self/smaps_rollup", "r");
  if (stream == NULL) fail("/proc/self/smaps_rollup", "cannot be opened");
  char line[256];
  unsigned long long anonymous = 0;
  unsigned long long pss = 0;
  while (fgets(line, sizeof line, stream) != NULL) {
    sscanf(line, "Anonymous: %llu kB", &anonymous);
    sscanf(line, "Pss: %llu kB", &pss);
  }
  fclose(stream);
  printf("%llu %llu\n", anonymous * 1024, pss * 1024);
  fflush(stdout);
}

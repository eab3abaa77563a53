// A library that says it is ONNX Runtime 1.20.1, and prints what the real one prints when it is asked for a newer API.
#include <stdint.h>
#include <stdio.h>

typedef struct {
  const void* (*get_api)(uint32_t version);
  const char* (*get_version_string)(void);
} ApiBase;

static const void* get_api(uint32_t version) {
  fprintf(stderr, "The requested API version [%u] is not available\n", version);
  return 0;
}
static const char* get_version_string(void) { return "1.20.1"; }

__attribute__((visibility("default"))) const ApiBase* OrtGetApiBase(void) {
  static const ApiBase base = {get_api, get_version_string};
  return &base;
}

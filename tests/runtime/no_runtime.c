// A library that is no ONNX Runtime.
__attribute__((visibility("default"))) int onda_nothing(void) { return 0; }

// The types of the file of that name in onnxruntime-web, which tools/site.py puts here in the built site.
export * from "onnxruntime-web/wasm";

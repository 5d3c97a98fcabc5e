import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# onnxruntime would write below ~/.cache and report to its makers as soon as it is imported.

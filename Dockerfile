# Trainer and page in one image, without root and without a writable file system except results/ and data/.
# compose.yaml runs both; docs/remote.md explains more.

ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS packages
# cpu: without the gigabytes of CUDA libraries that pip installs on x86. For an NVIDIA GPU: cu126, cu128, ... or "".
ARG TORCH_BACKEND=cpu
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv && python3 -m venv --without-pip /opt/venv
COPY requirements.txt .
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/venv/bin/python \
    ${TORCH_BACKEND:+--torch-backend=$TORCH_BACKEND} -r requirements.txt

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY LICENSE index.html mnist_cnn.py server.py ./
COPY digits digits
COPY web web
COPY examples/demo examples/demo
COPY results/schema.json results/
# A new volume takes over the owner of the folder. Compiled now, since nothing can be written later.
RUN python -m compileall -q digits && mkdir data && chown -R 10001:10001 results data
USER 10001:10001
VOLUME ["/app/results", "/app/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "server.py", "--host", "0.0.0.0", "--port", "8000", "--no-browser"]

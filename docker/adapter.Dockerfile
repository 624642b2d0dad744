# 机构前置 An agency's adapter.
#
#     docker build -f docker/adapter.Dockerfile -t hedui-adapter .
#
# It runs on a root file system that it cannot write to; docker/README.md has the whole command line:
#
#     docker run --read-only --cap-drop ALL --security-opt no-new-privileges ... hedui-adapter
#
# The first stage is the same in every image: dependencies from the hashed lock, then the product's
# wheel without any, into an environment that holds no installer. Only that environment goes on.
FROM python:3.13.7-slim-trixie AS build
WORKDIR /src
COPY docker/build.lock requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/hedui \
    && python -m pip install --root-user-action=ignore --require-hashes -r build.lock \
    && python -m pip --python /opt/hedui/bin/python install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY signer ./signer
COPY bus ./bus
COPY adapters ./adapters
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && python -m pip --python /opt/hedui/bin/python install --no-deps dist/*.whl

FROM python:3.13.7-slim-trixie
LABEL org.opencontainers.image.title="hedui-adapter" \
      org.opencontainers.image.description="核对总线机构前置 Hedui Bus: an agency's adapter" \
      org.opencontainers.image.licenses="Apache-2.0"
# 65532 is nobody's number on the host. These two folders, and /tmp, are all it writes to.
RUN python -m pip uninstall --yes --root-user-action=ignore pip \
    && install -d -o 65532 -g 65532 -m 0700 /data /run/hedui
COPY --from=build /opt/hedui /opt/hedui
ENV PATH="/opt/hedui/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 65532:65532
VOLUME ["/data"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 9464, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["hedui", "adapter", "run", "-c", "/config/config.toml"]

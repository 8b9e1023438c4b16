# syntax=docker/dockerfile:1
# The workbench as a server: `docker compose up --build`, then http://localhost:8501. The reasons: docs/deploy.md.

FROM python:3.12-slim-bookworm AS build
# On Linux, plain pip brings several gigabytes of CUDA libraries with torch. uv fetches the build for CPUs alone.
RUN pip install --no-cache-dir uv==0.13.9 && uv venv --python /usr/local/bin/python3 /opt/venv
WORKDIR /build
COPY requirements.txt .
RUN uv pip install --no-cache --compile-bytecode --torch-backend=cpu --python /opt/venv -r requirements.txt

FROM python:3.12-slim-bookworm
# The server needs no installer. Nobody can log in as its user, who owns nothing but /data.
RUN pip uninstall --yes --quiet pip \
    && useradd --system --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin unrolled \
    && install --directory --owner=unrolled --mode=0700 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY .streamlit .streamlit
COPY checkpoints checkpoints
COPY core core
COPY pages pages
COPY app.py ./
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    UNROLLED_COLLECTION=/data/collection.sqlite3
# Compile now, because nothing can be written beside the sources later. Readable, whatever the checkout's umask was.
RUN python -m compileall -q app.py core pages && chmod -R a+rX .
USER 10001
VOLUME /data
EXPOSE 8501
# A slim image has no curl, and needs none.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
ENTRYPOINT ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", \
    "--server.headless=true", "--server.fileWatcherType=none"]

"""Trees to measure on: generated ones, and real source distributions from the package index."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{n}
  namespace: team-{team}
  labels: {{app: service-{n}, tier: backend}}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: service-{n}}}
  template:
    metadata:
      labels: {{app: service-{n}, tier: backend}}
    spec:
      serviceAccountName: service-{n}
      securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: web
          image: registry.example.org/service-{n}:1.{n}.0
          args: ["--listen", ":8080", "--level=info"]
          ports:
            - containerPort: 8080
          env:
            - {{name: REGION, value: eu-{team}}}
            - name: TOKEN
              valueFrom: {{secretKeyRef: {{name: service-{n}, key: token}}}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {{name: service-{n}, namespace: team-{team}}}
spec:
  selector: {{app: service-{n}}}
  ports:
    - {{port: 80, targetPort: 8080}}
"""

MODULE = '''\
"""Module {n}: handlers of service {n}."""

import logging

LOG = logging.getLogger(__name__)


class Handler{n}:
    """Answers requests of kind {n}."""

    def __init__(self, store, clock):
        self.store = store
        self.clock = clock

    def get(self, key):
        """The value of a key, or None."""
        value = self.store.get(key)
        if value is None:
            LOG.info("no value for %s at %s", key, self.clock.now())
        return value

    def put(self, key, value):
        """Store a value."""
        if not isinstance(value, (int, str)):
            raise TypeError(f"values are int or str, not {{type(value).__name__}}")
        self.store[key] = value
'''

DOCKERFILE = """\
FROM python:3.12.{n}-slim@sha256:{digest} AS build
WORKDIR /src
COPY pyproject.toml ./
RUN pip install --no-cache-dir . \\
    && rm -rf /root/.cache
FROM gcr.io/distroless/python3:nonroot
COPY --from=build /src /app
USER 1000:1000
HEALTHCHECK CMD ["python", "-c", "pass"]
ENTRYPOINT ["python", "-m", "service{n}"]
"""

WORKFLOW = """\
name: service-{n}
on:
  push: {{branches: [main]}}
  pull_request:
permissions: {{contents: read}}
concurrency: {{group: "service-{n}-${{{{ github.ref }}}}", cancel-in-progress: true}}
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    strategy:
      matrix: {{python: ["3.11", "3.12", "3.13"]}}
    steps:
      - uses: actions/checkout@{digest}
        with: {{persist-credentials: false}}
      - uses: actions/setup-python@v{major}
        with:
          python-version: ${{{{ matrix.python }}}}
      - name: Install
        run: |
          python -m pip install --require-hashes -r requirements.txt
          python -m pip install --no-deps .
      - run: pytest --cov=service{n} tests/
        env:
          TITLE: ${{{{ github.event.pull_request.title }}}}
  publish:
    needs: test
    if: github.ref == 'refs/heads/main' && github.event_name == 'push'
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {{contents: read, packages: write}}
    environment: production
    steps:
      - uses: actions/checkout@{digest}
        with: {{persist-credentials: false}}
      - name: Sign in
        run: echo "$TOKEN" | docker login registry.example.org --username team-{team} --password-stdin
        env:
          TOKEN: ${{{{ secrets.REGISTRY_TOKEN }}}}
      - run: |
          docker build --tag "registry.example.org/service-{n}:$GITHUB_SHA" .
          docker push "registry.example.org/service-{n}:$GITHUB_SHA"
"""

BUILD = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.12.{n}
FROM python:${{VERSION}}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends \\
      build-essential=12.{minor} \\
      curl \\
    && rm -rf /var/lib/apt/lists/*
COPY requirements.txt ./
RUN pip install -r requirements.txt && curl -fsSL https://example.org/tool-{n}.tar.gz | tar -xz -C /opt
COPY . .
RUN python -m build --wheel --outdir /dist && \\
    find /dist -name '*.whl' -print
FROM node:22-alpine AS web
WORKDIR /web
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts && npm cache clean --force
COPY web .
RUN npm run build
FROM python:${{VERSION}}-slim
LABEL org.opencontainers.image.title=service-{n} org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /dist/*.whl /tmp/
RUN pip install --no-cache-dir /tmp/*.whl && useradd --uid 1000 service
COPY --from=web /web/dist /srv/static
EXPOSE 8080
USER 1000
HEALTHCHECK --interval=30s CMD ["python", "-m", "service{n}.health"]
CMD ["python", "-m", "service{n}"]
"""

HEALTHY = {"LICENSE": "licence\n", "README.md": "# Service\n", "SECURITY.md": "# Security\n", ".gitignore": "*.pyc\n"}

SDISTS = ("requests==2.32.3", "Flask==3.1.0", "Django==5.1.4", "ansible-core==2.18.1", "celery==5.4.0")


def manifest(number: int) -> str:
    return MANIFEST.format(n=number, team=number % 20, replicas=2 + number % 3)


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)


def commit_of_ten(root: Path) -> list[str]:
    """A repository with some history, and ten files of a commit: YAML, Dockerfile and Python among them."""
    files = dict(HEALTHY)
    files |= {f"deploy/service-{n}.yaml": manifest(n) for n in range(4)}
    files |= {f"src/module_{n}.py": MODULE.format(n=n) for n in range(4)}
    files |= {"Dockerfile": DOCKERFILE.format(n=1, digest="0" * 64), "docs/guide.md": "# Guide\n\nText.\n"}
    write(root, files)
    write(root, {f"old/module_{n}.py": MODULE.format(n=n) for n in range(200)})
    git_init(root)
    return [path for path in files if path not in HEALTHY]


def generated(root: Path, manifests: int, modules: int) -> None:
    """So many manifests and so many Python modules, in folders of a hundred."""
    write(root, HEALTHY)
    write(root, {f"deploy/{n // 100}/service-{n}.yaml": manifest(n) for n in range(manifests)})
    write(root, {f"src/{n // 100}/module_{n}.py": MODULE.format(n=n) for n in range(modules)})
    git_init(root)


def dockerfiles(root: Path, count: int) -> None:
    """So many Dockerfiles of some stages, each in the folder of its service."""
    for n in range(count):
        text = BUILD.format(n=n, minor=n % 10)
        if n % 2:  # half of them with what all tools complain about
            text = text.replace("USER 1000\n", "").replace("COPY . .", "ADD . .")
            text = "".join(line for line in text.splitlines(keepends=True) if "HEALTHCHECK" not in line)
        write(root, {f"services/{n}/Dockerfile": text})
    git_init(root)


def workflows(root: Path, count: int) -> None:
    """So many workflows of GitHub."""
    texts = (WORKFLOW.format(n=n, team=n % 20, major=4 + n % 2, digest=f"{n:040x}") for n in range(count))
    write(root, {f".github/workflows/service-{n}.yml": text for n, text in enumerate(texts)})
    git_init(root)


def large_manifests(size: int) -> dict[str, str]:
    """Manifests of about so many bytes each, by their shape."""
    one = manifest(0)
    data = "".join(f"  key-{n}: value number {n} of some length\n" for n in range(size // 42))
    item = "".join(f"  {line}\n" for line in one.partition("---\n")[0].splitlines())
    items = size // len(item)
    deep = "".join(f"{'  ' * level}level{level}:\n" for level in range(1, 150))
    leaves = "".join(f"{'  ' * 150}leaf{n}: {n}\n" for n in range(size // 315))
    head = "apiVersion: v1\nkind: {}\n"
    return {
        "one document": f"{head.format('ConfigMap')}metadata: {{name: large}}\ndata:\n{data}",
        "many documents": "---\n".join(manifest(n) for n in range(size // len(one))),
        "one List": f"{head.format('List')}items:\n" + "".join(f"- {item[2:]}" for _ in range(items)),
        "deep": f"{head.format('ConfigMap')}metadata: {{name: deep}}\ndata:\n{deep}{leaves}",
    }


def git_init(root: Path) -> None:
    run = {"cwd": root, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["git", "init", "-q"], **run)
    subprocess.run(["git", "add", "-A"], **run)
    identity = ["-c", "user.name=b", "-c", "user.email=b@example.org"]
    subprocess.run(["git", *identity, "commit", "-q", "-m", "corpus"], **run)


def source_distribution(work: Path, requirement: str) -> Path | None:
    """The unpacked source distribution as a git repository, or None when the package client cannot get it."""
    root = work / requirement.replace("==", "-")
    if root.exists():
        return root
    download = work / "downloads" / requirement
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
    command += ["--no-binary", ":all:", "-d", str(download), requirement]
    env = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run(command, env=env, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    archives = list(download.glob("*.tar.gz")) if download.exists() else []
    if not archives:
        return None
    with tarfile.open(archives[0]) as archive:
        archive.extractall(root, filter="data")
    git_init(root)
    return root

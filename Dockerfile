# syntax=docker/dockerfile:1
# boringops as an image for CI jobs. Mount or check out a repository at /repo.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-trixie AS build
ARG EXTRAS=""
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY agent agent
COPY tools tools
COPY prompts prompts
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/boringops \
    && /opt/boringops/bin/pip install --constraint constraints.txt ".${EXTRAS:+[${EXTRAS}]}"

# boringops: ignore health/missing reason: it runs one command and ends, there is no service to ask
FROM python:${PYTHON_VERSION}-slim-trixie
LABEL org.opencontainers.image.title="boringops" \
      org.opencontainers.image.description="An agent that plays the DevOps infrastructure engineer and enforces its rules" \
      org.opencontainers.image.licenses="Apache-2.0"
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /repo
COPY --from=build /opt/boringops /opt/boringops
ENV PATH=/opt/boringops/bin:$PATH \
    HOME=/tmp
USER 10001:10001
WORKDIR /repo
CMD ["boringops", "--help"]
